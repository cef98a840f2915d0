// Event: a point in a stream's queue whose completion the host can query.
#pragma once

#include <memory>

namespace gradvitals {

class Stream;
class BackendEvent;

/// Reports whether the work issued before record() has finished, without waiting for later work.
/// Bound to one stream. Move-only.
class Event {
 public:
  explicit Event(Stream& stream);
  ~Event();
  Event(Event&& other) noexcept;
  Event& operator=(Event&& other) noexcept;

  /// Marks the end of what has been issued to the stream so far; an earlier mark is forgotten. Not
  /// allowed while the stream is captured (graph.h): captured work does not run at that time.
  void record();
  /// Whether everything before the mark has finished; true where nothing was ever marked.
  bool has_passed() const;
  /// Blocks until has_passed(). Throws errors of the work before the mark.
  void wait() const;

 private:
  std::unique_ptr<BackendEvent> event_;
};

}  // namespace gradvitals
