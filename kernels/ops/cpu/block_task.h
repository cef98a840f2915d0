// BlockTask: work on the blocks of a matrix, done by the product that uses it while they are in cache.
#pragma once

#include <concepts>
#include <cstdint>

namespace gradvitals::cpu {

/// Rows [row, row + rows) and columns [column, column + columns) of a matrix.
struct Block {
  std::int64_t row = 0;
  std::int64_t rows = 0;
  std::int64_t column = 0;
  std::int64_t columns = 0;
};

/// Calls call(first, count) for the spans of a block that are contiguous in a matrix with rows of `columns`
/// elements: its rows, or all of it where it is as wide as the matrix.
template <class Call>
void for_spans(const Block& block, std::int64_t columns, const Call& call) {
  const std::int64_t first = block.row * columns + block.column;
  if (block.columns == columns) return call(first, block.rows * columns);
  for (std::int64_t row = 0; row < block.rows; ++row) {
    call(first + row * columns, block.columns);
  }
}

/// A reference to what is called with blocks: it must outlive this. Empty by default.
class BlockTask {
 public:
  BlockTask() = default;

  template <std::invocable<const Block&> Task>
  requires(!std::same_as<Task, BlockTask>) explicit BlockTask(const Task& task)
      : task_(&task), call_([](const void* called, const Block& block) {
          (*static_cast<const Task*>(called))(block);
        }) {}
  /// A temporary would be gone.
  template <std::invocable<const Block&> Task>
  requires(!std::same_as<Task, BlockTask>) explicit BlockTask(const Task&& task) = delete;

  explicit operator bool() const { return call_ != nullptr; }

  /// Calls it, if there is one, with the block, whose row and column count from this task's origin.
  void operator()(Block block) const {
    if (call_ == nullptr) return;
    block.row += row_;
    block.column += column_;
    call_(task_, block);
  }

  /// The same of the part of the matrix that begins at this row and column.
  BlockTask from(std::int64_t row, std::int64_t column) const {
    BlockTask part = *this;
    part.row_ += row;
    part.column_ += column;
    return part;
  }

 private:
  const void* task_ = nullptr;
  void (*call_)(const void* task, const Block& block) = nullptr;
  std::int64_t row_ = 0;
  std::int64_t column_ = 0;
};

}  // namespace gradvitals::cpu
