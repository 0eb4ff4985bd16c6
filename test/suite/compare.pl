# Compares what one script of the regression suite printed on two servers.
#
# A hashed aggregation promises no order, so the rows of a result are sorted before they are compared, unless
# its statement says ORDER BY. Plans that show the streaming node are counted and left out, with their
# counterparts; every other plan must be the same.
#
# Usage: compare.pl STOCK STREAMED NODE      prints the differences; ends in "plans that stream: N"
use strict;
use warnings;

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
    @rows = sort @rows unless $text =~ /order\s+by/i;
    push @blocks, [ 'result', join '', $header, @rows, $closing ];
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
  ++$differences;
  print "--- stock\n$theirs+++ streamed\n$ours";
  print "after: $statement" if $our_kind ne 'text';
  # Out of step, all that follows would differ.
  last if $kind ne $our_kind;
}
print "plans that stream: $plans\n";
exit($differences > 0 ? 1 : 0);
