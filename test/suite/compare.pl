# Compares what one script of the regression suite printed on two servers.
#
# A hashed aggregation promises no order, so the rows of a result are compared as a set. Where the statement says
# ORDER BY, the columns that it sorts by must come in the same order too: rows that tie have none. Plans that show the streaming node are counted and left out, with their
# counterparts; every other plan must be the same.
#
# One statement of those scripts asks for a value that depends on the order of rows that tie.
#
# Usage: compare.pl STOCK STREAMED NODE      prints the differences; ends in "plans that stream: N"
use strict;
use warnings;

# The list of the statement's own ORDER BY: not that of a window or of a subquery.
sub order_list
{
  my ($text) = @_;
  $text =~ s/--[^\n]*//g;
  $text =~ s/'[^']*'/''/g;
  $text =~ s/.*;(?=\s*\S)//s;
  1 while $text =~ s/\([^()]*\)//g;
  return $text =~ /.*\border\s+by\b(.*?)(?:\blimit\b|\boffset\b|\bfetch\b|\bwindow\b|\bfor\b|;|\z)/is ? $1 : undef;
}

# The numbers of the columns that a result is sorted by, as far as its header tells; undef where it is not sorted.
sub order_columns
{
  my ($text, $header) = @_;
  my $list = order_list($text) // return undef;
  my @names = map { s/^\s+|\s+$//gr } split /\|/, $header;
  my @columns;
  for my $item (split /,/, $list)
  {
    $item =~ s/\b(?:asc|desc|nulls\s+(?:first|last)|over(?:\s+\w+)?)\b//gi;
    $item =~ s/^\s*(?:\w+\.)?|\s+$//g;
    my @found = $item =~ /^\d+$/ ? ($item - 1) : grep { $names[$_] eq lc $item } 0 .. $#names;
    # Whatever comes after a column that is not shown cannot be told from a tie.
    last if @found != 1 || $found[0] > $#names;
    push @columns, $found[0];
  }
  # Nothing of the order shows: then it is compared as a whole.
  return @columns ? \@columns : [ 0 .. $#names ];
}

# A result as its rows in any order, and what it is sorted by in its own.
sub result
{
  my ($text, $header, $closing, @rows) = @_;
  my $columns = order_columns($text, $header);
  my @keys;
  @keys = map { my @values = split /\|/, $_; join('|', map { $_ // '' } @values[@$columns]) . "\n" } @rows if $columns;
  return join '', $header, sort(@rows), $closing, $columns ? ("in this order:\n", @keys) : ();
}

# A script's output as a list of [kind, text]: a plan, a result, or anything else.
sub blocks
{
  my ($file) = @_;
  open(my $in, '<', $file) or die "cannot read $file: $!\n";
  my @lines = <$in>;
  close $in;
  my (@blocks, @statement);
  for (my $i = 0; $i < @lines; ++$i)
  {
    if ($i + 1 >= @lines || $lines[$i] !~ /^ / || $lines[ $i + 1 ] !~ /^--+(\+-+)*\s*$/)
    {
      push @statement, $lines[$i];
      next;
    }
    my $header = $lines[$i];
    my @rows;
    for ($i += 2; $i < @lines && $lines[$i] !~ /^\(\d+ rows?\)/; ++$i) { push @rows, $lines[$i]; }
    my $closing = $lines[$i] // '';
    my $text = join '', @statement;
    @statement = ();
    push @blocks, [ 'text', $text ];
    if ($header =~ /^\s*(QUERY PLAN|explain_\w+)\s*$/)
    {
      push @blocks, [ 'plan', join '', @rows ];
      next;
    }
    push @blocks, [ 'result', result($text, $header, $closing, @rows) ];
  }
  push @blocks, [ 'text', join '', @statement ];
  return @blocks;
}

my ($stock, $streamed, $node) = @ARGV;
my @stock = blocks($stock);
my @streamed = blocks($streamed);
my $plans = 0;
my $differences = 0;
my $statement = '';
for my $i (0 .. ($#stock > $#streamed ? $#stock : $#streamed))
{
  my ($kind, $theirs) = @{ $stock[$i] // [ 'end', '' ] };
  my ($our_kind, $ours) = @{ $streamed[$i] // [ 'end', '' ] };
  $statement = $ours if $our_kind eq 'text';
  if ($kind eq 'plan' && $our_kind eq 'plan' && $ours =~ /$node/)
  {
    ++$plans;
    next;
  }
  next if $kind eq $our_kind && $theirs eq $ours;
  # Three rows share the least "ten"; which of them is last is open, and so is what it shows of itself.
  next if $kind eq 'result' && $our_kind eq $kind && $statement =~ /^SELECT last_value\(four\) OVER \(ORDER BY ten\), ten, four FROM tenk1 WHERE unique2 < 10;$/m;
  ++$differences;
  print "--- stock\n$theirs+++ streamed\n$ours";
  print "after: $statement" if $our_kind ne 'text';
  # Out of step, all that follows would differ.
  last if $kind ne $our_kind;
}
print "plans that stream: $plans\n";
exit($differences > 0 ? 1 : 0);
