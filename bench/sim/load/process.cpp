#include "load/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "support/failure.hpp"

namespace weir::sim {
namespace {

// After the fork only what is safe there: no allocation, nothing that takes a lock.
struct Child {
  std::vector<char *> arguments;
  std::vector<char *> environment;
  const char *directory = nullptr;
  const passwd *user = nullptr;
  int output = -1;
  int error = -1;
  int parent_death_signal = SIGKILL;
};

[[noreturn]] void Become(const Child &child) {
  setpgid(0, 0);
  dup2(child.output, STDOUT_FILENO);
  dup2(child.error, STDERR_FILENO);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  if (child.user != nullptr) {
    const bool is_done = setgroups(0, nullptr) == 0 && setgid(child.user->pw_gid) == 0 &&
                         setuid(child.user->pw_uid) == 0;
    if (!is_done) _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, child.parent_death_signal);
  if (child.directory != nullptr && chdir(child.directory) != 0) _exit(126);
  environ = const_cast<char **>(child.environment.data());
  execvp(child.arguments[0], child.arguments.data());
  _exit(127);
}

std::vector<std::string> EnvironmentWith(
    const std::vector<std::pair<std::string, std::string>> &changes) {
  std::vector<std::string> environment;
  for (char **entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    bool is_replaced = false;
    for (const auto &[name, value] : changes) {
      is_replaced = is_replaced || text.compare(0, name.size() + 1, name + "=") == 0;
    }
    if (!is_replaced) environment.push_back(text);
  }
  for (const auto &[name, value] : changes) environment.push_back(name + "=" + value);
  return environment;
}

std::vector<char *> Pointers(std::vector<std::string> &strings) {
  std::vector<char *> pointers;
  for (std::string &string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// False at the end of the stream.
bool ReadSome(int descriptor, std::string &text) {
  char buffer[16384];
  while (true) {
    const ssize_t count = read(descriptor, buffer, sizeof(buffer));
    if (count > 0) {
      text.append(buffer, static_cast<std::size_t>(count));
    } else if (count == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

}  // namespace

Process::Process(const Command &command) {
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = EnvironmentWith(command.environment);
  Child child;
  child.arguments = Pointers(arguments);
  child.environment = Pointers(environment);
  if (!command.directory.empty()) child.directory = command.directory.c_str();
  if (command.user && geteuid() == 0) {
    child.user = getpwnam(command.user->c_str());
    if (child.user == nullptr) throw Failure(Exit::kUsage, "no user {} here", *command.user);
    child.parent_death_signal = SIGQUIT;
  }
  int output[2];
  int error[2];
  if (pipe2(output, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) {
    throw Failure(Exit::kLoad, "could not make a pipe: {}", std::strerror(errno));
  }
  int log = -1;
  if (!command.log_file.empty()) {
    log = open(command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  child.output = log >= 0 ? log : output[1];
  child.error = log >= 0 ? log : error[1];
  pid_ = fork();
  if (pid_ == 0) Become(child);
  close(output[1]);
  close(error[1]);
  if (log >= 0) close(log);
  if (pid_ < 0)
    throw Failure(Exit::kLoad, "could not start {}: {}", arguments[0], std::strerror(errno));
  output_ = output[0];
  error_ = error[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
  fcntl(error_, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
  if (pid_ > 0 && exit_code_ < 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
  if (error_ >= 0) close(error_);
}

void Process::Read(std::vector<std::string> &lines) {
  ReadSome(output_, output_text_);
  ReadSome(error_, error_text_);
  for (std::size_t end = error_text_.find('\n', line_start_); end != std::string::npos;
       end = error_text_.find('\n', line_start_)) {
    lines.push_back(error_text_.substr(line_start_, end - line_start_));
    line_start_ = end + 1;
  }
}

bool Process::HasEnded() {
  if (exit_code_ >= 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

void Process::Signal(int signal) const {
  if (pid_ > 0 && exit_code_ < 0) kill(pid_, signal);
}

bool RunToEnd(const Command &command, std::string *output, std::string *errors) {
  Process process(command);
  std::vector<std::string> lines;
  while (!process.HasEnded()) {
    pollfd descriptors[] = {{process.output_descriptor(), POLLIN, 0},
                            {process.error_descriptor(), POLLIN, 0}};
    poll(descriptors, 2, 20);
    process.Read(lines);
  }
  process.Read(lines);
  if (output != nullptr) *output = process.output();
  if (errors != nullptr) *errors = process.errors();
  return process.exit_code() == 0;
}

}  // namespace weir::sim
