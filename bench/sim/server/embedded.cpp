#include "server/embedded.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

#include "server/connection.hpp"
#include "support/failure.hpp"
#include "support/interrupt.hpp"

namespace weir::sim {
namespace {

namespace fs = std::filesystem;

constexpr const char *kServerUser = "postgres";
constexpr const char *kPort = "5433";  // names the socket only: no TCP
constexpr int kSecondsToStart = 60;

std::optional<std::string> UserToBecome() {
  if (geteuid() != 0) return std::nullopt;
  return kServerUser;
}

void SleepMs(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

bool HasServer(const fs::path &directory) {
  return access((directory / "postgres").c_str(), X_OK) == 0 &&
         access((directory / "initdb").c_str(), X_OK) == 0;
}

}  // namespace

std::string FindBindir(const std::string &given) {
  if (!given.empty()) {
    if (!HasServer(given)) throw Failure(Exit::kUsage, "{} holds no PostgreSQL server", given);
    return given;
  }
  std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string directory; std::getline(path, directory, ':');) {
    if (HasServer(directory)) return directory;
  }
  std::string bindir;
  RunToEnd({.arguments = {"pg_config", "--bindir"}}, &bindir, nullptr);
  std::erase(bindir, '\n');
  if (!bindir.empty() && HasServer(bindir)) return bindir;
  throw Failure(Exit::kUsage, "no PostgreSQL server was found: name its directory with --bindir");
}

EmbeddedServer::EmbeddedServer(const std::string &bindir) : bindir_(FindBindir(bindir)) {
  Initialize();
  Configure();
  Start();
  CreateDatabase();
}

EmbeddedServer::~EmbeddedServer() {
  if (!server_) return;
  server_->Signal(SIGINT);
  for (int i = 0; i < 300 && !server_->HasEnded(); ++i) SleepMs(100);
}

void EmbeddedServer::Initialize() {
  if (geteuid() == 0) {
    const passwd *user = getpwnam(kServerUser);
    if (user == nullptr || chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
      throw Failure(Exit::kUsage,
                    "servers refuse to run as root, and there is no user {} to become",
                    kServerUser);
    }
  }
  std::string errors;
  if (!RunToEnd({.arguments = {bindir_ + "/initdb", "-D", directory_.path() / "data", "-A", "trust",
                               "-U", "postgres", "-E", "UTF8", "--no-locale", "-N"},
                 .directory = directory_.path(),
                 .user = UserToBecome()},
                nullptr, &errors)) {
    throw Failure(Exit::kServer, "initdb failed: {}", errors);
  }
}

// Nothing here has to outlive the machine, so nothing waits for the disk.
void EmbeddedServer::Configure() const {
  const fs::path file = directory_.path() / "data" / "postgresql.conf";
  const std::string settings = fmt::format(
      "\nport = {}\nlisten_addresses = ''\nunix_socket_directories = '{}'\n"
      "shared_preload_libraries = 'pg_weir'\nfsync = off\nfull_page_writes = off\n"
      "synchronous_commit = off\nshared_buffers = 512MB\nmax_wal_size = 4GB\nmax_connections = "
      "600\n"
      "log_min_messages = warning\n",
      kPort, directory_.path().string());
  struct stat status = {};
  stat(file.c_str(), &status);
  WriteFile(file, ReadFile(file) + settings);
  if (geteuid() == 0 && chown(file.c_str(), status.st_uid, status.st_gid) != 0) {
    throw Failure(Exit::kFile, "could not give {} to the server's user", file.string());
  }
}

void EmbeddedServer::Start() {
  setenv("PGHOST", directory_.path().c_str(), 1);
  setenv("PGPORT", kPort, 1);
  setenv("PGUSER", "postgres", 1);
  setenv("PGDATABASE", "postgres", 1);
  for (const char *name : {"PGSERVICE", "PGOPTIONS", "PGPASSWORD", "PGHOSTADDR"}) unsetenv(name);
  server_.emplace(Command{.arguments = {bindir_ + "/postgres", "-D", directory_.path() / "data"},
                          .directory = directory_.path(),
                          .log_file = directory_.path() / "log",
                          .user = UserToBecome()});
  for (int i = 0; i < kSecondsToStart * 10; ++i) {
    if (IsInterrupted()) throw Failure(Exit::kInterrupted, "interrupted");
    if (server_->HasEnded()) {
      throw Failure(Exit::kNoExtension, "the server did not start: {}", LastLogLine());
    }
    try {
      const Connection connection("weirsim control");
      return;
    } catch (const Failure &) {
      SleepMs(100);
    }
  }
  throw Failure(Exit::kUnreachable, "the server did not come up within {} s", kSecondsToStart);
}

void EmbeddedServer::CreateDatabase() const {
  {
    Connection connection("weirsim control");
    connection.Run("CREATE DATABASE crm");
  }
  setenv("PGDATABASE", "crm", 1);
  Connection connection("weirsim control");
  connection.Run("CREATE EXTENSION pg_weir");
}

std::string EmbeddedServer::LastLogLine() const {
  std::istringstream log(ReadFile(directory_.path() / "log"));
  std::string last = "it said nothing";
  for (std::string line; std::getline(log, line);) {
    if (line.find("FATAL:") != std::string::npos) last = line;
  }
  return last;
}

}  // namespace weir::sim
