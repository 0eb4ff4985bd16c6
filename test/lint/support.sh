# What the checks share. Sourced at the root of the tree.
# shellcheck shell=bash
set -uo pipefail
# `... | report` sets lint_status in this shell.
shopt -s lastpipe

# Files of the tree whose names match: those of the repository and those about to be.
tree_files() { git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r f; do
  [ ! -f "$f" ] || echo "$f"
done; }

# Prints what comes in and makes the check fail if there was any.
report() {
  local found
  found=$(cat)
  [ -n "$found" ] || return 0
  printf '%s\n' "$found"
  lint_status=1
}
lint_status=0
trap 'exit $lint_status' EXIT

# `code FILE...` prints "file:line:text" with comments and the insides of strings blanked, so that a
# search finds code only.
code() {
  perl -e '
    for my $file (@ARGV) {
      open my $in, "<", $file or die "$file: $!\n";
      local $/;
      my $text = <$in>;
      my $blank = sub { my $s = shift; $s =~ s/[^\n]/ /g; $s };
      $text =~ s{(//[^\n]*|/\*.*?\*/)|("(?:\\.|[^"\\\n])*"|\x27(?:\\.|[^\x27\\\n]){1,4}\x27)}{
        defined $1 ? $blank->($1) : q(") . $blank->(substr($2, 1, -1)) . q(") }gse
        unless $file =~ /\.sql$/;
      my $n = 0;
      print map { $n++; "$file:$n:$_\n" } split /\n/, $text;
    }' "$@"
}
