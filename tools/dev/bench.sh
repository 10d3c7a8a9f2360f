# ./dev bench [GOOGLE BENCHMARK ARGS]: builds the benchmarks at -O2 and runs each. Run from the repository's root.
set -euo pipefail
source tools/dev/environment.sh

build_preset bench
for program in build/bench/bin/bench_*; do
  echo "== $(basename "$program")"
  "$program" "$@"
done
