# ./dev fuzz [TARGET] [SECONDS]: runs every libFuzzer target, or one, each that long (60 s). Run from the repository's
# root. What is new is kept in build/fuzz/corpus/<target>, a reproducer in build/fuzz/crashes; the exit code is 1 when
# there is one. FANFARE_FUZZ_BUILD names another build folder of the preset, which is then taken as it is.
set -euo pipefail
source tools/dev/environment.sh

seconds=60
target='*'
for argument in "$@"; do
  case "$argument" in
    *[!0-9]*) target=${argument#fuzz_} ;;
    *) seconds=$argument ;;
  esac
done

build=${FANFARE_FUZZ_BUILD:-build/fuzz}
if [ -z "${FANFARE_FUZZ_BUILD:-}" ]; then
  install_packages "${build_packages[@]}" "${clang_packages[@]}" python3
  cmake --preset fuzz >&2
  cmake --build "$build" --target fuzz_targets >&2
fi

# The last run's figures, made at exit by -print_final_stats.
stat_of() { sed -n "s/^stat::$1: *//p" "$2" | tail -1; }

crashes=$build/crashes
logs=$build/fuzz-logs
mkdir -p "$crashes" "$logs"
failed=()
rows=()
for program in "$build"/bin/fuzz_$target; do
  if [ ! -x "$program" ]; then
    echo "no fuzz target called $target; there are:" "$(cd "$build/bin" && echo fuzz_*)" >&2
    exit 2
  fi
  name=$(basename "$program")
  stem=${name#fuzz_}
  mkdir -p "$build/corpus/$stem"
  arguments=(-max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
    -artifact_prefix="$crashes/$stem-")
  [ ! -f "tests/fuzz/dictionary/$stem.dict" ] || arguments+=(-dict="tests/fuzz/dictionary/$stem.dict")
  arguments+=("$build/corpus/$stem" "$build/tests/fuzz/seeds/$stem")
  [ ! -d "tests/fuzz/corpus/$stem" ] || arguments+=("tests/fuzz/corpus/$stem")
  echo "fuzz $stem, $seconds s" >&2
  verdict=ok
  if ! nice "$program" "${arguments[@]}" >"$logs/$stem.log" 2>&1; then
    verdict=FAILED
    failed+=("$stem")
    grep -aE 'does not hold|ERROR: |SUMMARY: |runtime error|Test unit written' "$logs/$stem.log" >&2 || tail -5 "$logs/$stem.log" >&2
    echo "replay: $program FILE; whole log: $logs/$stem.log" >&2
  fi
  rows+=("$(printf '| %-18s | %12s | %7s | %6s | %s |' "$stem" "$(stat_of number_of_executed_units "$logs/$stem.log")" \
    "$(stat_of average_exec_per_sec "$logs/$stem.log")" "$(find "$build/corpus/$stem" -type f | wc -l)" "$verdict")")
done

printf '| %-18s | %12s | %7s | %6s | %s |\n' target executions 'per s' corpus verdict
printf '|---|---|---|---|---|\n'
printf '%s\n' "${rows[@]}"
[ ${#failed[@]} -eq 0 ]
