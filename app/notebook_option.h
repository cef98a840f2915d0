// --network: one of the notebook's networks, of every command that trains one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/command_line.h"
#include "framework/networks.h"

namespace gradvitals::app {

/// "sigmoid", "relu" or "exploding".
std::string_view notebook_word(NotebookNetwork network);

/// "the notebook's ReLU network": what people read.
std::string notebook_title(NotebookNetwork network);

/// Adds --network. `network` must outlive the parsing.
void add_notebook_network(Command& command, std::optional<NotebookNetwork>& network,
                          const std::string& help);

}  // namespace gradvitals::app
