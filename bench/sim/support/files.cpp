#include "support/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include "support/failure.hpp"

namespace weir::sim {

std::string ReadFile(const std::filesystem::path &path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file && !std::filesystem::is_directory(path)) content << file.rdbuf();
  if (!file || std::filesystem::is_directory(path)) {
    throw Failure(Exit::kFile, "could not read {}: {}", path.string(), std::strerror(errno));
  }
  return content.str();
}

void WriteFile(const std::filesystem::path &path, const std::string &content) {
  std::filesystem::path beside = path;
  beside += ".part";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(beside, path, error);
  if (!file || error) {
    const int reason = error ? error.value() : errno;
    std::filesystem::remove(beside, error);
    throw Failure(Exit::kFile, "could not write {}: {}", path.string(), std::strerror(reason));
  }
}

std::filesystem::path MakeDirectory(const std::filesystem::path &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error || !std::filesystem::is_directory(path)) {
    throw Failure(Exit::kFile, "could not make the directory {}: {}", path.string(),
                  error ? error.message() : "there is a file of that name");
  }
  return path;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "weirsim.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw Failure(Exit::kFile, "could not make a directory {}: {}", name, std::strerror(errno));
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace weir::sim
