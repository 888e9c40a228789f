#include "other_format.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include "attn/error.hpp"

namespace attn::detail {

std::string other_format(std::span<const std::byte> file) {
  using namespace std::string_view_literals;
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  if (bytes.starts_with("version https://git-lfs"))
    return "this is a Git LFS pointer, which only names the file: get that by 'git lfs pull', or from the address that "
           "serves the content";
  if (bytes.starts_with("PK\x03\x04"))
    return "this is a zip archive, as torch.save writes one around a pickle: load it in Python, and write the tensors "
           "with " +
           verbatim("safetensors.torch.save_file");
  if (bytes.size() > 1 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5)
    return "this is a Python pickle, as torch.save wrote before PyTorch 1.6: load it in Python, and write the tensors "
           "with " +
           verbatim("safetensors.torch.save_file");
  if (bytes.starts_with("\x93NUMPY"))
    return "this is a NumPy array (.npy): load it in Python, and write it with " +
           verbatim("safetensors.numpy.save_file");
  if (bytes.starts_with("\x1f\x8b")) return "this is a gzip archive: unpack it first";

  std::string begin(bytes.substr(0, 256));
  begin.erase(0, begin.starts_with("\xef\xbb\xbf") ? 3 : 0);
  begin.erase(0, begin.find_first_not_of(" \t\r\n"));
  std::ranges::transform(begin, begin.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (begin.starts_with("<!doctype html") || begin.starts_with("<html"))
    return "this is an HTML page, of an error or about the file: ask for the address that serves the file itself";
  return {};
}

}  // namespace attn::detail
