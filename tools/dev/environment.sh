# What ./dev and its subcommands share: the environment, the Debian packages by purpose, and how a preset is built.
# Sourced with the repository's root as the working directory.

export LC_ALL=C.UTF-8
export PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
# What one checkout has compiled serves another: paths count from the checkout's root. The rest is what ccache asks for
# before it keeps sources that use a precompiled header.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
# ccache and npm keep their caches under HOME; a chroot or a service account may have none.
if [ ! -d "${HOME:-}" ] || [ ! -w "${HOME:-}" ]; then
  mkdir -p build/home
  export HOME="$PWD/build/home"
fi

build_packages=(g++ cmake ninja-build ccache mold libboost1.81-dev libssl-dev zlib1g-dev libsqlite3-dev
  libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev prometheus-cpp-dev libre2-dev)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev liblua5.1-0-dev ca-certificates openssl curl jq git chromium redis-server redis-sentinel nginx
  man-db mandoc zsh fish doxygen python3 python3-venv python3-socketio python3-aiohttp python3-requests python3-websocket)
clang_packages=(clang-16 clang-tidy-16 clang-format-16 llvm-16 libclang-rt-16-dev)

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs those of the named Debian packages that are not there yet.
install_packages() {
  local missing=() package
  for package in "$@"; do
    if ! dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$'; then
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}" >&2
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
  fi
}

# Debian's Node (18) and npm, unless some Node with npm is on the PATH already: a newer one's package would conflict.
install_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then install_packages nodejs npm; fi
}

# The npm packages of the folders named, by default of the tests and of the TypeScript SDK, exactly as locked; again only when
# a lock file has changed.
install_npm_packages() {
  local folder stamp
  [ $# -gt 0 ] || set -- tests/interop sdk/typescript
  for folder in "$@"; do
    stamp=$folder/node_modules/.installed
    if ! cmp -s $folder/package-lock.json $stamp; then
      (cd $folder && npm ci --no-audit --no-fund --loglevel=error >&2)
      cp $folder/package-lock.json $stamp
    fi
  done
}

# A virtual environment, build/venv, with the packages of sdk/python/tests/requirements.txt and the Python SDK as it is now;
# from the start again only when the list has changed.
install_python_packages() {
  local list=sdk/python/tests/requirements.txt pip=(build/venv/bin/python -m pip -q --disable-pip-version-check)
  if ! cmp -s $list build/venv/.installed; then
    /usr/bin/python3 -m venv --clear build/venv
    "${pip[@]}" install -r $list >&2
    cp $list build/venv/.installed
  fi
  "${pip[@]}" install --no-build-isolation --no-deps --force-reinstall ./sdk/python >&2
}

# What the site is built with: build/site-venv, exactly as listed, and the npm package that draws the diagrams.
install_site_packages() {
  local list=tools/docs/requirements.txt
  if ! cmp -s $list build/site-venv/.installed; then
    /usr/bin/python3 -m venv --clear build/site-venv
    build/site-venv/bin/python -m pip -q --disable-pip-version-check install -r $list >&2
    cp $list build/site-venv/.installed
  fi
  install_npm_packages tools/docs
}

# The public JSON-Schema-Test-Suite, from the source archive of the PyPI package that carries it.
install_json_schema_suite() {
  local version=4.23.0 folder=build/json-schema-suite archive
  if [ "$(cat $folder/.installed 2>/dev/null)" = $version ]; then return; fi
  archive=$(mktemp -d)
  build/venv/bin/python -m pip -q --disable-pip-version-check download --no-deps --no-binary jsonschema -d "$archive" \
    "jsonschema==$version" >&2
  rm -rf $folder
  mkdir -p $folder
  tar xzf "$archive"/*.tar.gz -C $folder --strip-components=3 --wildcards '*/json/tests/draft2020-12'
  rm -r "$archive"
  echo $version >$folder/.installed
}

# What the tests need beside a build.
set_up_tests() {
  install_packages "${test_packages[@]}"
  install_node
  install_npm_packages
  install_npm_packages tests/docs
  install_python_packages
  install_site_packages
  install_json_schema_suite
}

# Configures and builds one preset of CMakePresets.json; further arguments go to the configuration.
build_preset() {
  local preset=$1
  shift
  install_packages "${build_packages[@]}"
  if [ "$preset" != fuzz ]; then
    install_node
    install_npm_packages web
  fi
  case "$preset" in
    release | fuzz | bench) ;;
    *) install_packages libgtest-dev libgmock-dev liblua5.1-0-dev python3 ;;
  esac
  case "$preset" in tsan | clang | fuzz) install_packages "${clang_packages[@]}" ;; esac
  case "$preset" in bench | asan-ubsan) install_packages libbenchmark-dev ;; esac
  cmake --preset "$preset" "$@" >&2
  cmake --build "build/$preset" >&2
}

# The C++ files of the repository, each ended by a NUL.
cpp_files() {
  find include src tests examples bench \( -name node_modules -o -name build \) -prune -o \
    \( -name '*.cpp' -o -name '*.hpp' \) -print0 2>/dev/null
}
