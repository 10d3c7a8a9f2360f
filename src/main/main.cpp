#include <unistd.h>

#include <iostream>

#include "server/command_line.hpp"

int main(int count, char** arguments) {
  return fanfare::server::run_program(count, arguments, environ, {std::cout, std::cerr});
}
