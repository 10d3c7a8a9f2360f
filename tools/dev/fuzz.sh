# ./dev fuzz [SECONDS] [TARGET]: runs the libFuzzer targets, each on its own corpus. Run from the repository's root.
# What it finds that is new is kept in build/fuzz/corpus; a crash is left in the working directory by libFuzzer.
set -euo pipefail
source tools/dev/environment.sh

seconds=${1:-60}
build_preset fuzz
for program in build/fuzz/bin/fuzz_${2:-*}; do
  name=$(basename "$program")
  corpora=("build/fuzz/corpus/$name")
  mkdir -p "${corpora[0]}"
  for seeds in "build/fuzz/tests/fuzz/seeds/${name#fuzz_}" "tests/fuzz/corpus/${name#fuzz_}"; do
    [ ! -d "$seeds" ] || corpora+=("$seeds")
  done
  echo "== $name"
  "$program" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 -rss_limit_mb=2048 "${corpora[@]}"
done
