#!/usr/bin/env bash
# The parts of the install script: a COMMENT on every object, every object in our schema, nothing replaced or skipped
# silently, nothing run with its owner's rights, and the first keeps all from being run by hand.
source test/lint/support.sh
mapfile -t scripts < <(tree_files 'control/*.sql')
[ ${#scripts[@]} -gt 0 ] || { echo "control: no install script" | report; exit; }

perl -e '
  for my $file (@ARGV) {
    open my $in, "<", $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    print "$file:1: no \\echo ... \\quit guard\n" if $file eq $ARGV[0] and $text !~ /^\\echo .*\\quit$/m;
    $text =~ s{--[^\n]*}{}g;
    my $line_of = sub { 1 + (substr($text, 0, shift) =~ tr/\n//) };
    my %comment;
    while ($text =~ /\bCOMMENT\s+ON\s+([A-Z ]+?)\s+([a-z_][\w.]*)/g) { $comment{"$1 $2"} = 1 }
    my $kinds = "TABLE|VIEW|FUNCTION|PROCEDURE|TYPE|AGGREGATE|OPERATOR CLASS|SEQUENCE|DOMAIN|MATERIALIZED VIEW";
    while ($text =~ /\bCREATE\s+(?:UNLOGGED\s+)?($kinds)\s+([a-z_][\w.]*)/g) {
      my ($kind, $name, $line) = ($1, $2, $line_of->($-[0]));
      print "$file:$line: $kind $name has no COMMENT\n" unless $comment{"$kind $name"};
      print "$file:$line: $kind $name is not qualified with weir\n" unless $name =~ /^weir/;
    }
    while ($text =~ /\b(OR\s+REPLACE|IF\s+NOT\s+EXISTS|SECURITY\s+DEFINER)\b/g) {
      print "$file:" . $line_of->($-[0]) . ": $1 has no place in an install script\n";
    }
    while ($text =~ /\bCREATE\s+FUNCTION\s+([a-z_.]+)(.*?);/gs) {
      my ($name, $line, $rest) = ($1, $line_of->($-[0]), $2);
      print "$file:$line: $name does not state its volatility\n"
        unless $rest =~ /\b(IMMUTABLE|STABLE|VOLATILE)\b/;
      print "$file:$line: $name does not state its parallel safety\n" unless $rest =~ /\bPARALLEL\s/;
    }
  }' "${scripts[@]}" | report
