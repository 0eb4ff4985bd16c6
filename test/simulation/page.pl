# Opens the page of a result in Chromium and compares every figure in it with the result: page.pl
# RESULT.json SCRATCH. Fails for a message on the console, which is also where a request for anything
# from outside would show, since the page's own policy forbids it.
use strict;
use warnings;
use JSON::PP;

my ($json, $scratch) = @ARGV;
my $page = $json =~ s/\.json$/.html/r;
my $data = do { local $/; open my $in, '<', $json or die "$json: $!\n"; decode_json(<$in>) };

my @command = ('chromium', '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-extensions',
    '--disable-background-networking', '--disable-component-update', "--user-data-dir=$scratch/chromium",
    '--enable-logging=stderr', '--virtual-time-budget=5000', '--window-size=1200,2000', '--dump-dom', "file://$page");
my $pid = open my $from, '-|';
if (!$pid) {
    open STDERR, '>', "$scratch/chromium.log" or die;
    exec 'timeout', '120', @command or die;
}
my $dom = do { local $/; <$from> };
close $from;
my $log = do { local $/; open my $in, '<', "$scratch/chromium.log" or die; <$in> };
my @problems = grep { /CONSOLE/ } split /\n/, $log;
die "the browser showed nothing: $log\n" unless $dom && $dom =~ /<main/;

sub value_at
{
    my ($path) = @_;
    my $at = $data;
    $at = ref $at eq 'ARRAY' ? $at->[$_] : $at->{$_} for split /\./, $path;
    return $at;
}

# The number in a text as 1,234.5 or -0.51 %, and how exact it is. A minus sign is U+2212.
sub shown_number
{
    my ($text) = @_;
    my $unit = $text =~ /%/ ? 0.01 : 1;
    $text =~ s/\xe2\x88\x92/-/;
    $text =~ s/,//g;
    my ($number) = $text =~ /(-?[\d.]+)/ or return;
    my $places = $number =~ /\.(\d+)/ ? length $1 : 0;
    return ($number * $unit, 0.5000001 * 10**-$places * $unit);
}

my $figures = 0;
$dom =~ s{<script.*?</script>}{}gs;
while ($dom =~ m{<(?:span|code) data-figure="([^"]*)" data-value="([^"]*)">([^<]*)}g) {
    my ($path, $exact, $shown) = ($1, $2, $3);
    my $wanted = value_at($path);
    $figures++;
    if ($path eq 'ledger.hash') {
        push @problems, "another ledger: $shown" if $shown ne $wanted || $exact ne $wanted;
        next;
    }
    my ($number, $error) = shown_number($shown);
    if (!defined $wanted || !defined $number) {
        push @problems, "$path shows $shown for " . ($wanted // 'nothing');
        next;
    }
    push @problems, "$path is $wanted in the result and $exact in the page"
        if abs($exact - $wanted) > 1e-9 * abs $wanted;
    push @problems, "$path shows $shown for $wanted" if abs($number - $wanted) > $error;
}
push @problems, "only $figures figures in the page" if $figures < 40;
my $charts = () = $dom =~ /<svg /g;
push @problems, "only $charts charts in the page" if $charts < 7;
push @problems, 'a figure that is no number' if $dom =~ />(NaN|undefined|null|Infinity)</;
die map { "$_\n" } @problems if @problems;
print "$figures figures and $charts charts, nothing on the console\n";
