// A throw-away server: made, started, and gone with this object.
#pragma once

#include <optional>
#include <string>

#include "load/process.hpp"
#include "support/files.hpp"

namespace weir::sim {

class EmbeddedServer {
 public:
  // `bindir` holds initdb and postgres of an installation that has pg_weir; empty searches PATH and
  // pg_config. Points the PG* variables of this process to the new server's database.
  explicit EmbeddedServer(const std::string &bindir);
  ~EmbeddedServer();
  EmbeddedServer(const EmbeddedServer &) = delete;
  EmbeddedServer &operator=(const EmbeddedServer &) = delete;

 private:
  void Initialize();
  void Configure() const;
  void Start();
  void CreateDatabase() const;
  std::string LastLogLine() const;

  std::string bindir_;
  TemporaryDirectory directory_;
  std::optional<Process> server_;
};

// Where programs of PostgreSQL are: as given, else beside the first in PATH, else as pg_config
// says.
std::string FindBindir(const std::string &given);

}  // namespace weir::sim
