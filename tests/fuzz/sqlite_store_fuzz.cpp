// A history file with damaged bytes: opening, reading, appending and checking it either does or says that it cannot.
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "fuzz_input.hpp"
#include "history/sqlite_file.hpp"
#include "history/sqlite_reader.hpp"
#include "history/sqlite_store.hpp"

namespace {

using namespace fanfare;

struct image {
  image()
      : path((std::filesystem::temp_directory_path() / ("fanfare-fuzz-" + std::to_string(::getpid()) + ".db"))
                 .string()) {
    clear();
    {
      history::sqlite_store store(path, history::sqlite_sync::off, "e", {});
      for (int n = 0; n < 40; ++n) {
        std::vector<history::entry> batch(1);
        batch[0].rooms = {"project:" + std::to_string(n % 3), "global"};
        batch[0].json = shared_bytes(R"({"id":")" + std::to_string(n) + R"(","data":{"by":"bob"}})");
        batch[0].time_ms = 1000 + n;
        store.begin();
        store.append(batch);
        store.remember({{"key" + std::to_string(n), "digest", {{"id", 0, 0}}, 1000}}, batch);
        store.keep({"fact" + std::to_string(n), n, 5000});
        store.commit();
      }
    }
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  ~image() { clear(); }
  void clear() const {
    for (const auto* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  }
  std::string path, bytes;
};

void use(const std::string& path) {
  history::sqlite_store store(path, history::sqlite_sync::off, "f", {.room_entries_max = 20});
  (void)history::sqlite_facts::remembered(path);
  (void)history::sqlite_facts::facts(path, 0);
  history::sqlite_reader reader(path);
  for (const bool newest_first : {false, true}) {
    const auto page = reader.read(
        {.rooms = {"global", "project:1"}, .since_ms = 1010, .newest_first = newest_first, .entries_max = 10});
    fuzz::require(page.entries.size() <= 10, "a page is no longer than its bound");
  }
  std::vector<history::entry> batch(1);
  batch[0].rooms = {"project:1", "new"};
  batch[0].json = shared_bytes("{}");
  store.begin();
  store.append(batch);
  store.trim(1020);
  store.commit();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const image whole;
  auto damaged = whole.bytes;
  for (; size >= 4; data += 4, size -= 4) {
    const std::size_t at = (std::size_t{data[0]} << 16 | std::size_t{data[1]} << 8 | data[2]) % damaged.size();
    damaged[at] = static_cast<char>(data[3]);
  }
  whole.clear();
  std::ofstream(whole.path, std::ios::binary) << damaged;
  try {
    use(whole.path);
  } catch (const std::exception&) {  // what it cannot do, it says
  }
  try {
    history::sqlite_file file(whole.path);
    (void)file.stats();
    (void)file.verify();
    file.each("", 0, [](std::uint64_t, std::string_view) {});
    (void)file.erase_user("bob");
  } catch (const std::exception&) {
  }
  return 0;
}
