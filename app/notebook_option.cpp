#include "app/notebook_option.h"

#include <fmt/format.h>

namespace gradvitals::app {

std::string_view notebook_word(NotebookNetwork network) {
  switch (network) {
    case NotebookNetwork::kSigmoid:
      return "sigmoid";
    case NotebookNetwork::kRelu:
      return "relu";
    case NotebookNetwork::kExploding:
      break;
  }
  return "exploding";
}

std::string notebook_title(NotebookNetwork network) {
  const std::string_view word = network == NotebookNetwork::kRelu ? "ReLU" : notebook_word(network);
  return fmt::format("the notebook's {} network", word);
}

void add_notebook_network(Command& command, std::optional<NotebookNetwork>& network,
                          const std::string& help) {
  command.word(
      "--network", {"sigmoid", "relu", "exploding"}, "", help, [&network](const std::string& word) {
        for (const NotebookNetwork known :
             {NotebookNetwork::kSigmoid, NotebookNetwork::kRelu, NotebookNetwork::kExploding}) {
          if (word == notebook_word(known)) network = known;
        }
      });
}

}  // namespace gradvitals::app
