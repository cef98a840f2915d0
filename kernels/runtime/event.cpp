#include "kernels/runtime/event.h"

#include "kernels/runtime/backend.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

Event::Event(Stream& stream) : event_(stream.backend()->make_event()) {}
Event::~Event() = default;
Event::Event(Event&&) noexcept = default;
Event& Event::operator=(Event&&) noexcept = default;

void Event::record() {
  event_->record();
}
bool Event::has_passed() const {
  return event_->has_passed();
}
void Event::wait() const {
  event_->wait();
}

}  // namespace gradvitals
