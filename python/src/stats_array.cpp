#include "python/src/stats_array.h"

#include <cstddef>

namespace nb = nanobind;

namespace gradvitals::python {
namespace {

struct Field {
  const char* name;
  const char* format;
  std::size_t offset;
};

#define GRADVITALS_FIELD(member, format) \
  { #member, format, offsetof(gradvitals_tensor_stats, member) }
constexpr Field kFields[] = {
    GRADVITALS_FIELD(count, "i8"),
    GRADVITALS_FIELD(sum_squares, "f8"),
    GRADVITALS_FIELD(scale_exponent, "i4"),
    GRADVITALS_FIELD(sum, "f8"),
    GRADVITALS_FIELD(max_abs, "f8"),
    GRADVITALS_FIELD(min_abs_nonzero, "f8"),
    GRADVITALS_FIELD(zero_count, "i8"),
    GRADVITALS_FIELD(subnormal_count, "i8"),
    GRADVITALS_FIELD(nan_count, "i8"),
    GRADVITALS_FIELD(inf_count, "i8"),
    GRADVITALS_FIELD(first_nonfinite_index, "i8"),
};
#undef GRADVITALS_FIELD

nb::object record_dtype(const nb::module_& numpy) {
  nb::list names;
  nb::list formats;
  nb::list offsets;
  for (const Field& field : kFields) {
    names.append(field.name);
    formats.append(field.format);
    offsets.append(field.offset);
  }
  nb::dict layout;
  layout["names"] = names;
  layout["formats"] = formats;
  layout["offsets"] = offsets;
  layout["itemsize"] = sizeof(gradvitals_tensor_stats);
  return numpy.attr("dtype")(layout);
}

}  // namespace

nb::object stats_array(const std::vector<gradvitals_tensor_stats>& records) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  const nb::bytearray bytes(records.data(), records.size() * sizeof(gradvitals_tensor_stats));
  return numpy.attr("frombuffer")(bytes, record_dtype(numpy));
}

}  // namespace gradvitals::python
