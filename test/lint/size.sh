#!/usr/bin/env bash
# One idea a file: at most 400 lines. One step a function: at most 60 lines.
source test/lint/support.sh
mapfile -t files < <(tree_files 'src/*.cpp' 'src/*.hpp' 'bench/sim/*.cpp' 'bench/sim/*.hpp')
[ ${#files[@]} -gt 0 ] || exit 0

wc -l "${files[@]}" | awk '$2 != "total" && $1 > 400 {print $2 ":401: the file has " $1 " lines, 400 are allowed"}' | report

# clang-format puts a function's last brace in the column where its declaration began: 0 for free
# functions, 2 for methods written in their class. The brace that opens it ends a line.
code "${files[@]}" | perl -ne '
  my ($file, $line, $text) = /^([^:]*):(\d+):(.*)$/ or next;
  ($current, %open) = ($file) if $file ne ($current // "");
  for my $indent (0, 2) {
    my $pad = " " x $indent;
    if ($text =~ /^$pad\}/ && $open{$indent}) {
      my $length = $line - $open{$indent} + 1;
      print "$file:$open{$indent}: the function has $length lines, 60 are allowed\n" if $length > 60;
      delete $open{$indent};
    }
    if ($text =~ /^$pad\S/ && $text !~ /^$pad[}#)]/) {
      $start{$indent} = $line unless $running{$indent};
      $running{$indent} = $text !~ /[;{}]\s*$/;
      if ($text =~ /\{\s*$/ && $text !~ /^\s*(namespace|extern|struct|class|union|enum|template <.*> (struct|class))\b/ && $text !~ /=\s*\{\s*$/) {
        $open{$indent} = $start{$indent} // $line;
      }
    } elsif ($running{$indent} && $text =~ /\{\s*$/) {
      $open{$indent} = $start{$indent};
      $running{$indent} = 0;
    } elsif ($text =~ /;\s*$/) {
      $running{$indent} = 0;
    }
  }' | report
