#include "framework/io/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "framework/io/tensor_entry.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

/// Receives the header's JSON event by event. Any event that the format has no place for is refused
/// at once, so nesting never gets deeper than the format's three levels, whatever the file holds.
class HeaderBuilder {
 public:
  explicit HeaderBuilder(const std::string& path) : path_(path) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() { refuse_value("null"); }
  bool boolean(bool) { refuse_value("a boolean"); }
  bool number_integer(std::int64_t value) { refuse_value(fmt::format("{}", value)); }
  bool number_float(double, const std::string& text) {
    refuse_value(fmt::format("{}, no whole number below 2^64", in_quotes(text)));
  }
  bool binary(nlohmann::json::binary_t&) { refuse_value("binary data"); }
  bool number_unsigned(std::uint64_t value);
  bool string(std::string& value);
  bool start_object(std::size_t);
  bool key(std::string& key);
  bool end_object();
  bool start_array(std::size_t);
  bool end_array();
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    refuse(fmt::format("byte {}: the header is not valid JSON",
                       kSafetensorsLengthBytes + position - 1));
  }

 private:
  /// Where in the header the next event falls.
  enum class Place { kDocument, kHeader, kMetadata, kTensor, kShape, kOffsets };

  struct OpenTensor {
    SafetensorsClaim claim;
    std::vector<std::uint64_t> offsets;
    bool has_dtype = false;
    bool has_shape = false;
    bool has_offsets = false;
  };

  void close_tensor();
  std::string where() const;
  [[noreturn]] void refuse(const std::string& what) const { refuse_input(path_, what); }
  [[noreturn]] void refuse_here(const std::string& what) const { refuse(where() + ": " + what); }
  [[noreturn]] void refuse_value(const std::string& value) const;

  const std::string& path_;
  SafetensorsHeader header_;
  Place place_ = Place::kDocument;
  bool has_metadata_ = false;
  OpenTensor tensor_;
  std::string key_;    // In the header or in the metadata.
  std::string field_;  // In a tensor.
};

std::string HeaderBuilder::where() const {
  switch (place_) {
    case Place::kDocument:
      return fmt::format("byte {}", kSafetensorsLengthBytes);
    case Place::kHeader:
      return key_ == kMetadataKey ? "metadata" : "tensor " + in_quotes(key_);
    case Place::kMetadata:
      return key_.empty() ? "metadata" : "metadata " + in_quotes(key_);
    default:
      return fmt::format("tensor {}{}{}", in_quotes(tensor_.claim.name), field_.empty() ? "" : ", ",
                         field_);
  }
}

void HeaderBuilder::refuse_value(const std::string& value) const {
  switch (place_) {
    case Place::kDocument:
      refuse_here(fmt::format("the header is {}, not an object", value));
    case Place::kHeader:
      refuse_here(fmt::format("expected an object, got {}", value));
    case Place::kMetadata:
      refuse_here(fmt::format("expected a string, got {}", value));
    case Place::kTensor:
      refuse_here(fmt::format("expected {}, got {}",
                              field_ == "dtype" ? "a string" : "an array of whole numbers", value));
    default:
      refuse_here(fmt::format("expected a whole number >= 0, got {}", value));
  }
}

bool HeaderBuilder::number_unsigned(std::uint64_t value) {
  if (place_ == Place::kShape) {
    if (tensor_.claim.shape.size() == kMaxDimensions) {
      refuse_here(fmt::format("more than {} dimensions", kMaxDimensions));
    }
    tensor_.claim.shape.push_back(value);
  } else if (place_ == Place::kOffsets) {
    if (tensor_.offsets.size() == 2) refuse_here("more than two offsets");
    tensor_.offsets.push_back(value);
  } else {
    refuse_value(fmt::format("{}", value));
  }
  return true;
}

bool HeaderBuilder::string(std::string& value) {
  if (place_ == Place::kMetadata) {
    if (!header_.metadata.emplace(key_, value).second) refuse_here("given twice");
  } else if (place_ == Place::kTensor && field_ == "dtype") {
    tensor_.claim.dtype = parse_dtype(value);
    tensor_.claim.dtype_name = std::move(value);
  } else {
    refuse_value(in_quotes(value));
  }
  return true;
}

bool HeaderBuilder::start_object(std::size_t) {
  if (place_ == Place::kDocument) {
    place_ = Place::kHeader;
  } else if (place_ == Place::kHeader && key_ == kMetadataKey) {
    if (std::exchange(has_metadata_, true)) refuse_here("given twice");
    place_ = Place::kMetadata;
    key_.clear();
  } else if (place_ == Place::kHeader) {
    place_ = Place::kTensor;
    tensor_ = OpenTensor{};
    tensor_.claim.name = key_;
    field_.clear();
  } else {
    refuse_value("an object");
  }
  return true;
}

bool HeaderBuilder::key(std::string& key) {
  if (place_ != Place::kTensor) {
    key_ = std::move(key);
    return true;
  }
  field_ = std::move(key);
  bool* seen = field_ == "dtype"          ? &tensor_.has_dtype
               : field_ == "shape"        ? &tensor_.has_shape
               : field_ == "data_offsets" ? &tensor_.has_offsets
                                          : nullptr;
  if (seen == nullptr) {
    const std::string unknown = std::exchange(field_, "");
    refuse_here("unknown field " + in_quotes(unknown));
  }
  if (std::exchange(*seen, true)) refuse_here("given twice");
  return true;
}

bool HeaderBuilder::end_object() {
  if (place_ == Place::kTensor) close_tensor();
  place_ = Place::kHeader;
  return true;
}

bool HeaderBuilder::start_array(std::size_t) {
  if (place_ != Place::kTensor || field_ == "dtype") refuse_value("an array");
  place_ = field_ == "shape" ? Place::kShape : Place::kOffsets;
  return true;
}

bool HeaderBuilder::end_array() {
  if (place_ == Place::kOffsets && tensor_.offsets.size() != 2) refuse_here("expected two offsets");
  place_ = Place::kTensor;
  return true;
}

void HeaderBuilder::close_tensor() {
  field_.clear();
  if (!tensor_.has_dtype) refuse_here("dtype is missing");
  if (!tensor_.has_shape) refuse_here("shape is missing");
  if (!tensor_.has_offsets) refuse_here("data_offsets is missing");
  tensor_.claim.begin = tensor_.offsets[0];
  tensor_.claim.end = tensor_.offsets[1];
  header_.tensors.push_back(std::move(tensor_.claim));
}

void refuse_duplicate_names(const SafetensorsHeader& header, const std::string& path) {
  std::vector<std::string_view> names;
  names.reserve(header.tensors.size());
  for (const SafetensorsClaim& claim : header.tensors) names.push_back(claim.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) {
    refuse_input(path, fmt::format("tensor {}: given twice", in_quotes(*twice)));
  }
}

}  // namespace

void refuse_as_no_safetensors(const std::string& path) {
  refuse_input(path,
               fmt::format("is not a safetensors file: byte {} is not the '{{' with which the "
                           "header begins",
                           kSafetensorsLengthBytes));
}

SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& path) {
  // The format requires the brace. The JSON parser would step over a byte order mark, and would
  // take a NUL for the end of its input and ignore what follows.
  if (!json.starts_with('{')) refuse_as_no_safetensors(path);
  if (const std::size_t nul = json.find('\0'); nul != std::string_view::npos) {
    refuse_input(path, fmt::format("byte {}: NUL in the header", kSafetensorsLengthBytes + nul));
  }
  HeaderBuilder builder(path);
  nlohmann::json::sax_parse(json, &builder);
  SafetensorsHeader header = builder.take();
  refuse_duplicate_names(header, path);
  return header;
}

}  // namespace gradvitals
