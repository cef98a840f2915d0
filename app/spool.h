// Spool: a text that grows beyond memory, until it is written as one result.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "framework/io/open_file.h"

namespace gradvitals::app {

/// The text lies in a file without a name, in the target's folder where that takes one. What cannot be
/// kept (a full disk) does not throw before write(): a training goes on.
class Spool {
 public:
  /// The result of option `option` is to go to `target`.
  Spool(std::string_view option, std::string target);

  /// Appends what `add` appends to the text that it is given.
  template <class Add>
  void append(const Add& add) {
    if (!problem_.empty()) return;
    add(waiting_);
    if (waiting_.size() >= kMostWaiting) flush();
  }

  /// The problem that keeps text from being kept, once; else none.
  std::optional<std::string> take_complaint();

  /// All of it as write_result() writes. Throws OutputError.
  void write();

 private:
  static constexpr std::size_t kMostWaiting = std::size_t{1} << 20;

  void flush();

  std::string option_;
  std::string target_;
  std::string waiting_;  ///< Not yet in the file.
  std::optional<OpenFile> file_;
  std::string problem_;
  bool has_complained_ = false;
};

}  // namespace gradvitals::app
