// A child process whose output is read line by line while it runs.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::sim {

struct Command {
  std::vector<std::string> arguments;  // the first is the program, searched in PATH
  std::vector<std::pair<std::string, std::string>> environment = {};  // set on top of ours
  std::string directory = {};
  std::string log_file = {};  // where all output goes instead of to us
  // Servers refuse to run as root: the user to become, when we are root.
  std::optional<std::string> user = std::nullopt;
};

class Process {
 public:
  // Starts in a process group of its own, so that Ctrl-C reaches us alone, and dies when we die.
  explicit Process(const Command &command);
  ~Process();  // kills it if it still runs
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;

  // Reads what is there; complete lines of standard error are appended to `lines`.
  void Read(std::vector<std::string> &lines);
  int error_descriptor() const { return error_; }
  int output_descriptor() const { return output_; }

  bool HasEnded();  // reaps it; does not wait
  void Signal(int signal) const;
  int exit_code() const { return exit_code_; }  // 128 + signal when one ended it
  pid_t pid() const { return pid_; }

  const std::string &output() const { return output_text_; }  // all of standard output
  const std::string &errors() const { return error_text_; }   // all of standard error

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  int error_ = -1;
  int exit_code_ = -1;
  std::string output_text_;
  std::string error_text_;
  std::size_t line_start_ = 0;
};

// Runs to the end; false when the exit code is not 0. `errors` gets standard error.
bool RunToEnd(const Command &command, std::string *output, std::string *errors);

}  // namespace weir::sim
