// Runs one target without libFuzzer, so that every test run is a short fuzz run with any compiler: the files named on
// the command line (folders: each file in them), then as many mutations of them as asked for, the same ones for the
// same seed. A failing input is left in the working directory.
//
// usage: fuzz_<stem> [--runs N] [--seed S] FILE_OR_FOLDER...

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));

namespace {

constexpr std::size_t input_bytes_max = 4096;
constexpr const char* crash_file = "crash-replay";

std::string program;
const std::string* current = nullptr;

// Called at most once, on the way out of a process that is lost anyway.
void keep_reproducer() {
  if (current == nullptr) return;
  const std::string path = std::string(crash_file) + "-" + program;
  std::ofstream(path, std::ios::binary).write(current->data(), static_cast<std::streamsize>(current->size()));
  std::fprintf(stderr, "reproducer (%zu bytes): %s\n", current->size(), path.c_str());
  current = nullptr;
}

void on_abort(int) {
  keep_reproducer();
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

void run(const std::string& input) {
  current = &input;
  // An exact copy: a byte read past its end is one past a heap block.
  const std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[input.size()]);
  std::copy(input.begin(), input.end(), bytes.get());
  LLVMFuzzerTestOneInput(bytes.get(), input.size());
  current = nullptr;
}

std::vector<std::string> read_inputs(const std::vector<std::filesystem::path>& places) {
  std::vector<std::filesystem::path> files;
  for (const auto& place : places) {
    if (!std::filesystem::is_directory(place)) {
      files.push_back(place);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(place)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "cannot read %s\n", file.c_str());
      std::exit(2);
    }
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

class mutator {
 public:
  mutator(const std::vector<std::string>& seeds, std::uint64_t seed) : seeds_(seeds), random_(seed) {}

  std::string next() {
    std::string bytes = any_seed();
    for (std::size_t left = 1 + below(4); left > 0; --left) mutate(bytes);
    if (bytes.size() > input_bytes_max) bytes.resize(input_bytes_max);
    return bytes;
  }

 private:
  // Not std::uniform_int_distribution: its numbers differ between standard libraries.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % std::max<std::size_t>(bound, 1)); }
  const std::string& any_seed() { return seeds_[below(seeds_.size())]; }
  std::string piece(const std::string& of) { return of.empty() ? of : of.substr(below(of.size()), 1 + below(32)); }

  void mutate(std::string& bytes) {
    static constexpr char telling[] = "\0\xff\x7f\x80\x1e\r\n 0129-/\\\"{}[],:b~";
    const auto at = below(bytes.size() + 1);
    switch (below(8)) {
      case 0:
        bytes.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 1:
        bytes.insert(at, 1, telling[below(sizeof telling - 1)]);
        break;
      case 2:
        bytes.erase(at, 1 + below(8));
        break;
      case 3:
        bytes.insert(at, piece(bytes));
        break;
      case 4:
        bytes.insert(at, piece(any_seed()));
        break;
      case 5:
        bytes = bytes.substr(0, at) + piece(any_seed());
        break;
      default:
        if (at == bytes.size()) break;
        bytes[at] = static_cast<char>(below(2) == 0 ? bytes[at] ^ (1 << below(8)) : static_cast<int>(below(256)));
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int count, char** arguments) {
  std::size_t runs = 0;
  std::uint64_t seed = 1;
  std::vector<std::filesystem::path> places;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--runs" && i + 1 < count)
      runs = std::stoull(arguments[++i]);
    else if (argument == "--seed" && i + 1 < count)
      seed = std::stoull(arguments[++i]);
    else
      places.emplace_back(argument);
  }
  program = std::filesystem::path(arguments[0]).filename().string();
  std::signal(SIGABRT, on_abort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_reproducer);

  auto inputs = read_inputs(places);
  for (const auto& input : inputs) run(input);
  std::printf("%zu inputs replayed; %zu mutations from --seed %llu\n", inputs.size(), runs,
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  if (inputs.empty()) inputs.emplace_back();
  mutator mutations(inputs, seed);
  for (std::size_t i = 0; i < runs; ++i) run(mutations.next());
  return 0;
}
