#!/bin/sh
# Writes a C++ source that holds files of bench/ as strings, by their path below it: embed.sh BENCH OUTPUT
set -eu
exec >"$2"
cd "$1"
printf '#include "support/asset_list.hpp"\n\nnamespace weir::sim {\nnamespace {\nusing std::literals::operator""sv;\nconstexpr AssetFile kFiles[] = {\n'
for file in crm/*.sql crm/*/*.sql sim/report/page/* sim/report/vendor/*; do
  # A raw string with a delimiter that no SQL, CSS or JavaScript contains.
  printf '{"%s", R"weir_file(' "${file#sim/report/}"
  cat "$file"
  printf ')weir_file"sv},\n'
done
printf '};\n}  // namespace\n\nstd::span<const AssetFile> AssetList() { return kFiles; }\n\n}  // namespace weir::sim\n'
