# ./dev docs [serve [--port N] | versions | library | generate]: the site of the documentation. Run from the repository's root.
set -euo pipefail
source tools/dev/environment.sh
export NO_MKDOCS_2_WARNING=1

usage() {
  echo "usage: ./dev docs [serve [--port N] | versions | library | generate]" >&2
  exit 2
}

set_up_site() {
  install_packages python3 python3-venv
  install_node
  install_site_packages
}

# Needs the program: of the debug build, or the one that FANFARE_PROGRAM names.
generate() {
  if [ -z "${FANFARE_PROGRAM:-}" ]; then
    build_preset debug
    FANFARE_PROGRAM=$PWD/build/debug/bin/fanfare
  fi
  export FANFARE_PROGRAM
  "$FANFARE_PROGRAM" events --format cpp >sdk/cpp/include/fanfare/events.hpp
  "$FANFARE_PROGRAM" events --format python >sdk/python/src/fanfare/_events.py
  node sdk/typescript/generate.mjs
  python3 tools/docs/reference.py
}

case "${1:-build}" in
  build)
    [ $# -eq 0 ] || usage
    set_up_site
    # With --quiet mkdocs counts no warnings, and --strict lets everything pass.
    if ! said=$(build/site-venv/bin/mkdocs build --strict 2>&1); then
      echo "$said" >&2
      exit 1
    fi
    echo "built: build/site/index.html (./dev docs serve shows it)"
    ;;
  serve)
    port=8080
    case $# in
      1) ;;
      3) [ "$2" = --port ] || usage; port=$3 ;;
      *) usage ;;
    esac
    set_up_site
    watched=()
    for page in *.md sdk/*/README.md; do watched+=(--watch "$page"); done
    exec build/site-venv/bin/mkdocs serve --dev-addr "127.0.0.1:$port" "${watched[@]}"
    ;;
  versions)
    [ $# -eq 1 ] || usage
    set_up_site
    exec build/site-venv/bin/python tools/docs/versions.py
    ;;
  library)
    [ $# -eq 1 ] || usage
    install_packages doxygen python3
    doxygen tools/docs/Doxyfile
    echo "built: build/library/index.html"
    ;;
  generate) generate ;;
  *) usage ;;
esac
