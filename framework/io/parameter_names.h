// Lists of parameter names, to detect parameters without gradient.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// From a text: a JSON array of names; else a name a line or, where there is one line only, names
/// between commas. Blanks around names and empty lines are passed over, names given twice count
/// once. `source` is for messages. Throws InputError naming the source and the entry or byte at
/// fault.
std::vector<std::string> parse_parameter_names(std::string_view text, const std::string& source);

/// From a file, told by its content: of safetensors the names of its tensors, else as
/// parse_parameter_names() does (gzip is inflated). Throws InputError where it cannot be read or
/// names nothing.
std::vector<std::string> read_parameter_names(const std::string& path);

/// Whether a name is that of a buffer: what normalisation layers keep beside their parameters in a
/// state_dict ("bn.running_mean", "moving_variance"), which never has a gradient.
bool is_buffer_name(std::string_view name);

}  // namespace gradvitals
