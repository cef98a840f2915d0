// Event: a place in a stream's queue that the host can ask about.
#pragma once

#include <memory>

namespace gradvitals {

class Stream;
class BackendEvent;

/// Tells when the work issued before record() has finished, without waiting for what was issued
/// since. Of one stream. Move-only.
class Event {
 public:
  explicit Event(Stream& stream);
  ~Event();
  Event(Event&& other) noexcept;
  Event& operator=(Event&& other) noexcept;

  /// Marks the end of what has been issued to the stream so far; an earlier mark is forgotten. Not
  /// while the stream is captured (graph.h): what a graph does has no moment of its own.
  void record();
  /// Whether everything before the mark has finished; true where nothing was ever marked.
  bool has_passed() const;
  /// Blocks until has_passed(). Throws what went wrong before the mark.
  void wait() const;

 private:
  std::unique_ptr<BackendEvent> event_;
};

}  // namespace gradvitals
