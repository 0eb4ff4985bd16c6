// Whole files, and directories that vanish.
#pragma once

#include <filesystem>
#include <string>

namespace weir::sim {

std::string ReadFile(const std::filesystem::path &path);

// Writes beside the target and renames, so that nobody meets half a file.
void WriteFile(const std::filesystem::path &path, const std::string &content);

// The directory, made if it was not there.
std::filesystem::path MakeDirectory(const std::filesystem::path &path);

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;

  const std::filesystem::path &path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace weir::sim
