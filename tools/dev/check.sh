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
  find src -name '*.cpp' -print0 |
    xargs -0 -n 4 -P "$(nproc)" clang-tidy-16 -p build/clang --quiet --warnings-as-errors='*'
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

case "${1:-all}" in
  format | tidy | clang | tsan | coverage) "check_$1" ;;
  all)
    for part in format tidy clang tsan coverage; do
      echo "== $part"
      "check_$part"
    done
    ;;
  *)
    echo "no such part: $1 (format, tidy, clang, tsan, coverage)" >&2
    exit 2
    ;;
esac
