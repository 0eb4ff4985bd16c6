#!/usr/bin/env bash
# Errors follow the server's guide: an errcode, a message without capital and period, detail and hint
# in sentences.
source test/lint/support.sh
mapfile -t files < <(tree_files 'src/*.cpp' 'src/*.hpp')
[ ${#files[@]} -gt 0 ] || exit 0

perl -e '
  # The text between the parenthesis at $start and its partner.
  sub argument_text {
    my ($text, $start) = @_;
    my ($depth, $quoted) = (0, 0);
    for (my $i = $start; $i < length $text; $i++) {
      my $c = substr $text, $i, 1;
      if ($quoted) {
        $i++ if $c eq "\\";
        $quoted = 0 if $c eq "\"";
        next;
      }
      $quoted = 1 if $c eq "\"";
      $depth++ if $c eq "(";
      return substr $text, $start + 1, $i - $start - 1 if $c eq ")" && --$depth == 0;
    }
    return substr $text, $start + 1;
  }
  for my $file (@ARGV) {
    open my $in, "<", $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    # Comments are blanked, strings are kept.
    $text =~ s{("(?:\\.|[^"\\\n])*")|//[^\n]*}{ defined $1 ? $1 : "" }ge;
    while ($text =~ /\bereport\s*\(/g) {
      my $line = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);
      my $body = argument_text($text, $+[0] - 1);
      my ($level) = $body =~ /^\s*([A-Za-z_0-9]+)/;
      print "$file:$line: ereport without errcode\n"
        if $body !~ /\berrcode(_for_file_access|_for_socket_access)?\s*\(/
           && ($level // "") !~ /^(DEBUG\d|LOG|INFO|NOTICE)$/;
      while ($body =~ /\b(errmsg|errmsg_plural|errdetail\w*|errhint\w*)\s*\(\s*((?:"(?:\\.|[^"\\])*"\s*)+)/g) {
        my ($kind, $strings) = ($1, $2);
        my $said = join "", $strings =~ /"((?:\\.|[^"\\])*)"/g;
        next if $kind =~ /_internal$/;
        if ($kind =~ /^errmsg/) {
          print "$file:$line: message starts with a capital: $said\n" if $said =~ /^[A-Z][a-z]/;
          print "$file:$line: message ends with a period: $said\n" if $said =~ /\.$/;
        } else {
          print "$file:$line: $kind is not a sentence: $said\n" if $said !~ /^[A-Z"%]/ || $said !~ /[.?!]$/;
        }
      }
    }
  }' "${files[@]}" | report
