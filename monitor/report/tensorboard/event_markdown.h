// A health event as Markdown. Internal.
#pragma once

#include <string>
#include <string_view>

#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// On one line, and shown as it is: nothing in it is Markdown or HTML.
std::string plain_markdown(std::string_view text);

/// "**🚨 CRITICAL: R6 Exploding gradients: dense/kernel** began", the sentence, value and limit, the
/// steps, and the advice as a list.
std::string event_markdown(const HealthEvent& event);

}  // namespace gradvitals
