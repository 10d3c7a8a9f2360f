# ./dev bench [GOOGLE BENCHMARK ARGS]: builds the benchmarks at -O2 and runs each. Run from the repository's root.
# ./dev bench peers: the release beside what others build: a network that drops under 5,000 clients (Node's socket.io), replays, what a connection, an event and a delivery cost,
# durable events (Node's redis-streams-adapter on a Redis that syncs always, or not at all), instructions of events that are not kept.
set -euo pipefail
source tools/dev/environment.sh

if [ "${1:-}" != peers ]; then
  build_preset bench
  for program in build/bench/bin/bench_*; do
    echo "== $(basename "$program")"
    TMPDIR=$PWD/build "$program" "$@"  # on a disk: /tmp may be memory
  done
  exit
fi

install_packages redis-server valgrind
install_node
install_npm_packages
(cd bench/peers && npm ci --no-audit --no-fund --loglevel=error >&2)
build_preset release
build_preset bench
export FANFARE_PROGRAM=$PWD/build/release/bin/fanfare
node bench/drop.mjs
node bench/replays.mjs
node bench/sizing.mjs
node --test tests/interop/history.test.mjs  # without sanitizers it holds a waiting replay to 1 MiB
build/bench/bin/bench_log
TMPDIR=$PWD/build build/bench/bin/bench_redis_log
export TMPDIR=$PWD/build
node bench/peers/redis_streams.mjs 3 always
node bench/peers/redis_streams.mjs 3 no
node bench/peers/fleet.mjs 4  # with CENTRIFUGO=PROGRAM beside that, too
node bench/unkept_instructions.mjs
