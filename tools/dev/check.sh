# ./dev check [PART]: the slow checks. Run from the repository's root.
set -euo pipefail
source tools/dev/environment.sh

check_format() {
  install_packages clang-format-16
  cpp_files | xargs -0 clang-format-16 --dry-run --Werror
}

# The house's rules, then clang-tidy over the sources of every floor.
check_tidy() {
  install_packages python3 "${clang_packages[@]}"
  python3 tools/tidy.py
  build_preset clang
  local tidy=(xargs -0 -n 4 -P "$(nproc)" clang-tidy-16 -p build/clang --quiet --warnings-as-errors='*')
  # The analyzer does not understand coroutines, and finds faults in Asio's own.
  grep -rLZ co_await src --include='*.cpp' | "${tidy[@]}"
  grep -rlZ co_await src --include='*.cpp' | "${tidy[@]}" --checks='-clang-analyzer-*'
}

# Unit tests carry no label, everything else does.
check_clang() {
  build_preset clang
  ctest --test-dir build/clang --output-on-failure -j "$(nproc)" -LE .
}

# The real clients too: what they set off on several threads is what TSan is for.
check_tsan() {
  set_up_tests
  build_preset tsan
  ctest --test-dir build/tsan --output-on-failure -j "$(nproc)" -LE 'consumer|tidy|reference|compile|sdk'
}

# Line coverage of the unit tests, floor by floor.
check_coverage() {
  install_packages gcovr
  build_preset coverage
  find build/coverage -name '*.gcda' -delete
  ctest --test-dir build/coverage --output-on-failure -j "$(nproc)" -LE .
  local floor
  for floor in src/*/; do
    echo "$floor $(gcovr -r . build/coverage -f "$floor" -f "include/fanfare/$(basename "$floor")/" --print-summary \
      --exclude-throw-branches 2>/dev/null | grep '^lines:' || echo 'lines: none')"
  done
}

# Autobahn's own program plays all its cases against websocket-echo. It needs a Python 2.7, which Debian 12 does not have:
# PYTHON2 names one. `all` leaves this part out.
check_autobahn() (
  local python="${PYTHON2:-python2.7}" folder="$PWD/build/autobahn" fixture url
  "$python" -c 'import sys; sys.exit(sys.version_info[0] != 2)' 2>/dev/null ||
    { echo "autobahn needs Python 2.7: PYTHON2=/path/to/python2.7 ./dev check autobahn" >&2; exit 2; }
  build_preset asan-ubsan
  [ -d "$folder/lib" ] || "$python" -m pip install --quiet --target "$folder/lib" autobahntestsuite==0.8.2
  touch "$folder/lib/zope/__init__.py" # --target leaves it out
  rm -rf "$folder/reports" "$folder/output"
  mkfifo "$folder/output"
  build/asan-ubsan/bin/fanfare_fixture websocket-echo --listen 127.0.0.1:0 >"$folder/output" &
  fixture=$!
  trap 'kill $fixture; rm -f "$folder/output"' EXIT
  url=$(grep -m1 -o '127.0.0.1:.*' "$folder/output")
  cat >"$folder/spec.json" <<SPEC
{"outdir": "$folder/reports", "cases": ["*"], "exclude-cases": [], "exclude-agent-cases": {},
 "servers": [{"agent": "fanfare", "url": "ws://$url"}]}
SPEC
  PYTHONPATH="$folder/lib" "$python" -c 'from autobahntestsuite.wstest import run; run()' -m fuzzingclient -s "$folder/spec.json" | tail -n 1
  python3 - "$folder/reports/index.json" <<'PYTHON'
import collections, json, sys
cases = json.load(open(sys.argv[1]))["fanfare"]
verdicts = collections.Counter(one["behavior"] for one in cases.values())
print(len(cases), "cases:", dict(verdicts))
faults = [name for name, one in cases.items() if {one["behavior"], one["behaviorClose"]} - {"OK", "INFORMATIONAL"}]
sys.exit(f"not in order: {', '.join(sorted(faults))}" if faults else 0)
PYTHON
)

# Servers killed with -9 under load, in full: 50 publishers, 20,000 events, 200 clients, ten kills.
check_chaos() {
  set_up_tests
  build_preset release
  node sdk/typescript/node_modules/typescript/bin/tsc -p sdk/typescript
  local name
  for name in history nodes; do
    CHAOS="${CHAOS:-50 20000 200 10}" FREEZE_S="${FREEZE_S:-20}" FANFARE_PROGRAM="$PWD/build/release/bin/fanfare" node tests/chaos/$name.test.mjs
  done
}

# 100,000 seeds, or SEEDS, without sanitizers and on all cores.
check_simulation() {
  install_packages "${build_packages[@]}" libgtest-dev libgmock-dev liblua5.1-0-dev python3
  cmake --preset simulation -DFANFARE_DASHBOARD=OFF >&2
  cmake --build build/simulation --target simulation >&2
  local seeds="${SEEDS:-100000}" parts each running=() failed=0
  parts=$(nproc)
  for ((each = 0; each < parts; each++)); do
    build/simulation/bin/simulation --from $((each * (seeds / parts) + 1)) --seeds $((seeds / parts)) &
    running+=($!)
  done
  for each in "${running[@]}"; do wait "$each" || failed=1; done
  return $failed
}

case "${1:-all}" in
  autobahn | chaos | simulation | format | tidy | clang | tsan | coverage) "check_$1" ;;
  all)
    for part in format tidy clang tsan coverage chaos simulation; do
      echo "== $part"
      "check_$part"
    done
    ;;
  *)
    echo "no such part: $1 (format, tidy, clang, tsan, coverage, chaos, simulation, autobahn)" >&2
    exit 2
    ;;
esac
