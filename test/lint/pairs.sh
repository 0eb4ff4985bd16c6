#!/usr/bin/env bash
# Every core header has a unit test; every regression or isolation test has what it expects.
source test/lint/support.sh
for header in $(tree_files 'src/core/*.hpp'); do
  test=test/unit/${header#src/}; test=${test%.hpp}_test.cpp
  [ -f "$test" ] || echo "$header:1: no unit test ($test)"
done | report
for script in $(tree_files ':(glob)sql/*.sql'); do
  [ -f "expected/$(basename "$script" .sql).out" ] || echo "$script:1: no expected output"
done | report
for spec in $(tree_files 'test/isolation/specs/*.spec'); do
  [ -f "test/isolation/expected/$(basename "$spec" .spec).out" ] || echo "$spec:1: no expected output"
done | report
for output in $(tree_files 'expected/*.out'); do
  name=$(basename "$output" .out)
  [ -f "sql/$name.sql" ] || [ -f "sql/${name%_[0-9]}.sql" ] || echo "$output:1: no test makes this output"
done | report
