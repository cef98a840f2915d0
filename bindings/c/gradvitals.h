/* gradvitals.h: the health of a network's gradients, from C and from all that calls C.
 *
 *     gradvitals_monitor* monitor = NULL;
 *     gradvitals_options options = {.size = sizeof options, .history = "run.jsonl"};
 *     if (gradvitals_monitor_create(&options, &monitor) != GRADVITALS_OK) {
 *       fail(gradvitals_last_error());
 *     }
 *     gradvitals_monitor_watch(monitor, tensors, tensor_count);
 *     for (...) {
 *       ...                                                   // forward, backward
 *       gradvitals_monitor_set_data(monitor, pointers, tensor_count);
 *       gradvitals_monitor_observe(monitor);                  // one pass over all of them
 *       gradvitals_step step = {.size = sizeof step, .step = i, .has_loss = 1, .loss = loss};
 *       gradvitals_monitor_commit(monitor, &step);            // judged, and written to the history
 *     }
 *     gradvitals_monitor_diagnosis(monitor, GRADVITALS_TEXT, NULL, &text);
 *     gradvitals_monitor_destroy(monitor);
 *
 * Every function that can fail returns a gradvitals_status; what went wrong is then in
 * gradvitals_last_error(). No exception leaves the library. A monitor is used by one thread at a
 * time; different monitors by different threads.
 *
 * Every struct but gradvitals_tensor_stats, whose form is part of the ABI version, begins with its
 * size, which the caller sets to sizeof: a library that is newer than the caller reads no further,
 * and an older one refuses a struct that is larger than it knows unless what it does not know is
 * zero. Zero is the default of every member; `reserved` is zero.
 */
#ifndef GRADVITALS_H
#define GRADVITALS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define GRADVITALS_API
#else
#define GRADVITALS_API __attribute__((visibility("default")))
#endif

/* Changes where a caller that was compiled with another number would break. */
#define GRADVITALS_ABI_VERSION 1

/* GRADVITALS_ABI_VERSION of the library. */
GRADVITALS_API int32_t gradvitals_abi_version(void);
/* "0.1.0": of the library. */
GRADVITALS_API const char* gradvitals_version(void);

typedef enum gradvitals_status {
  GRADVITALS_OK = 0,
  GRADVITALS_INVALID_ARGUMENT = 1, /* names what contradicts itself; nothing has changed */
  GRADVITALS_WRONG_ORDER = 2,      /* a call that another one has to come before */
  GRADVITALS_DEVICE_ERROR = 3,     /* a device that cannot be used, or has failed */
  GRADVITALS_FILE_ERROR = 4,       /* names the file and the reason */
  GRADVITALS_OUT_OF_MEMORY = 5,
  GRADVITALS_INTERNAL_ERROR = 6
} gradvitals_status;

/* What went wrong in the last call of this thread that failed; "" where none has. Valid until the
 * next one that fails. */
GRADVITALS_API const char* gradvitals_last_error(void);

/* The numbers below never change their meaning. */

typedef enum gradvitals_dtype {
  GRADVITALS_FLOAT32 = 0,
  GRADVITALS_FLOAT64 = 1,
  GRADVITALS_FLOAT16 = 2,
  GRADVITALS_BFLOAT16 = 3
} gradvitals_dtype;

typedef enum gradvitals_device { GRADVITALS_CPU = 0, GRADVITALS_CUDA = 1 } gradvitals_device;

typedef enum gradvitals_role {
  GRADVITALS_GRADIENT = 0,       /* dL/dp of a trainable parameter p */
  GRADVITALS_WEIGHT = 1,         /* the parameter, of its gradient's name */
  GRADVITALS_PRE_ACTIVATION = 2, /* z, (B,O) */
  GRADVITALS_OUTPUT = 3,         /* activation(z), (B,O) */
  GRADVITALS_DELTA = 4           /* dL/dz, (B,O) */
} gradvitals_role;

typedef enum gradvitals_activation {
  GRADVITALS_NO_ACTIVATION = 0, /* or not known, or none of these */
  GRADVITALS_LINEAR = 1,
  GRADVITALS_SIGMOID = 2,
  GRADVITALS_RELU = 3,
  GRADVITALS_TANH = 4,
  GRADVITALS_LEAKY_RELU = 5,
  GRADVITALS_GELU = 6,
  GRADVITALS_SOFTPLUS = 7
} gradvitals_activation;

/* Which dimension of a kernel counts its units. */
typedef enum gradvitals_unit_axis {
  GRADVITALS_UNKNOWN_AXIS = 0,
  GRADVITALS_ROWS = 1, /* (out,in), as PyTorch has it */
  GRADVITALS_COLS = 2  /* (in,out), as Keras has it */
} gradvitals_unit_axis;

typedef enum gradvitals_severity {
  GRADVITALS_SEVERITY_OK = 0,
  GRADVITALS_SEVERITY_INFO = 1,
  GRADVITALS_SEVERITY_WARNING = 2,
  GRADVITALS_SEVERITY_CRITICAL = 3
} gradvitals_severity;

/* A tensor in memory that the caller owns, contiguous. In an array of them all have one size. */
typedef struct gradvitals_tensor {
  size_t size;
  const char* name;     /* UTF-8; copied */
  const void* data;     /* NULL: it does not exist now, as a parameter without gradient */
  int64_t count;        /* elements */
  int64_t rows, cols;   /* as a matrix; rows * cols == count */
  int64_t channels;     /* of a convolution's kernel, its inputs; else 0 */
  int32_t rank;         /* dimensions: 1 of a bias, 2 of a dense kernel, 4 of a convolution */
  int32_t layer;        /* counted from 1, from the input side; 0: not known */
  int32_t network;      /* of several that are watched together: any number; -1: not known */
  int32_t role;         /* gradvitals_role */
  int32_t dtype;        /* gradvitals_dtype */
  int32_t activation;   /* gradvitals_activation, of its layer */
  int32_t unit_axis;    /* gradvitals_unit_axis */
  int32_t device;       /* gradvitals_device */
  int32_t device_index; /* of several GPUs */
  int32_t reserved;
} gradvitals_tensor;

/* Statistics of one tensor. Sums and extremes are of its finite elements; sums to 1e-12, all else
 * exact. */
typedef struct gradvitals_tensor_stats {
  int64_t count;
  double sum_squares; /* of x * 2^-scale_exponent, which is 0 but at the ends of float64 */
  int32_t scale_exponent;
  int32_t reserved;
  double sum;
  double max_abs;         /* 0 where no element is finite */
  double min_abs_nonzero; /* infinity where there is none */
  int64_t zero_count;
  int64_t subnormal_count; /* in the dtype that it is stored in */
  int64_t nan_count;
  int64_t inf_count;
  int64_t first_nonfinite_index; /* -1 where every element is finite */
} gradvitals_tensor_stats;

/* L2 norm of the finite elements. */
GRADVITALS_API double gradvitals_l2_norm(const gradvitals_tensor_stats* stats);

typedef struct gradvitals_monitor gradvitals_monitor;

typedef struct gradvitals_options {
  size_t size;
  const char* run; /* what reports call the network; NULL: "network" */
  /* A file that steps are appended to, as `gradvitals diagnose` reads; NULL: none. */
  const char* history;
  const char* thresholds; /* limits other than the default, a JSON object; NULL: none */
  int64_t resume_step;    /* with `resumes`: the history goes on at this step */
  int32_t resumes;
  int32_t threads;       /* of the pass on the CPU; 0: one */
  int32_t checkup_every; /* steps between visits of all rules, beside the first three; 0: 10 */
  int32_t reserved;
} gradvitals_options;

/* NULL options: all defaults. */
GRADVITALS_API gradvitals_status gradvitals_monitor_create(const gradvitals_options* options,
                                                           gradvitals_monitor** monitor);
/* Writes what was committed to the history first, and waits for it. NULL is allowed. */
GRADVITALS_API void gradvitals_monitor_destroy(gradvitals_monitor* monitor);

/* Work on a GPU is issued to this cudaStream_t from now on, which has to outlive the monitor or the
 * next call for this GPU; NULL: to the default stream. */
GRADVITALS_API gradvitals_status gradvitals_monitor_use_stream(gradvitals_monitor* monitor,
                                                               int32_t device_index,
                                                               void* cuda_stream);

/* Declares the tensors: gradients, and weights where they are known. May be called again: with
 * other tensors, statistics are there when they have been observed. */
GRADVITALS_API gradvitals_status gradvitals_monitor_watch(gradvitals_monitor* monitor,
                                                          const gradvitals_tensor* tensors,
                                                          int64_t count);

/* Where the same tensors are now, in their order; NULL for one that does not exist now. */
GRADVITALS_API gradvitals_status gradvitals_monitor_set_data(gradvitals_monitor* monitor,
                                                             const void* const* data,
                                                             int64_t count);

/* Reads the tensors, once each. What was observed before and not committed is forgotten. On a GPU
 * it is issued, and nothing waits: what is done to the tensors on the same stream comes behind
 * it. */
GRADVITALS_API gradvitals_status gradvitals_monitor_observe(gradvitals_monitor* monitor);

/* The same with `layers` of this step (pre-activations, outputs, deltas) and with every row and
 * column of kernels: a check-up. `layers` need not be watched. Waits. */
GRADVITALS_API gradvitals_status gradvitals_monitor_observe_layers(gradvitals_monitor* monitor,
                                                                   const gradvitals_tensor* layers,
                                                                   int64_t count);

/* Statistics of the watched tensors in their order, then one of all gradients together, as observed
 * last; `capacity` is at least one more than the tensors. Those of a loss that was scaled are
 * scaled. Waits on a GPU. */
GRADVITALS_API gradvitals_status gradvitals_monitor_stats(gradvitals_monitor* monitor,
                                                          gradvitals_tensor_stats* stats,
                                                          int64_t capacity);

/* NaN and Inf in all gradients together, as observed last: less work than all statistics. Waits on a
 * GPU. */
GRADVITALS_API gradvitals_status gradvitals_monitor_nonfinite(gradvitals_monitor* monitor,
                                                              int64_t* elements);

typedef struct gradvitals_step {
  size_t size;
  int64_t step;         /* with has_step: its number; else counted from 0 */
  double loss;          /* with has_loss; not scaled */
  double learning_rate; /* with has_learning_rate */
  double loss_scale;    /* gradients are divided by it; 0: 1 */
  double clip_scale;    /* what gradients are multiplied by before the update; 0: 1 */
  int32_t has_step;
  int32_t has_loss;
  int32_t has_learning_rate;
  int32_t is_skipped; /* its update is not applied */
} gradvitals_step;

/* What was observed is a training step: it is judged, and written to the history. NULL: all
 * defaults. On a GPU that happens in a later call, when the statistics have arrived. */
GRADVITALS_API gradvitals_status gradvitals_monitor_commit(gradvitals_monitor* monitor,
                                                           const gradvitals_step* step);

/* Whether what was observed last should not be applied: NaN or Inf in a gradient, or a norm that is
 * a spike beside those of the steps before (rule R14). `loss_scale` as in gradvitals_step. Waits on
 * a GPU. */
GRADVITALS_API gradvitals_status gradvitals_monitor_should_skip(gradvitals_monitor* monitor,
                                                                double loss_scale,
                                                                int32_t* should_skip);

/* Judges the steps that have arrived from a GPU, or with `waits` all. */
GRADVITALS_API gradvitals_status gradvitals_monitor_poll(gradvitals_monitor* monitor,
                                                         int32_t waits);

/* The next event that began, grew worse or ended, as one JSON object; NULL where none is left.
 * Valid until the next call with this monitor. */
GRADVITALS_API gradvitals_status gradvitals_monitor_next_event(gradvitals_monitor* monitor,
                                                               const char** json);

/* Steps that were judged. */
GRADVITALS_API gradvitals_status gradvitals_monitor_steps(gradvitals_monitor* monitor,
                                                          int64_t* steps);

/* Once: why a line of the history could not be written; NULL where none is missing. The run goes
 * on. */
GRADVITALS_API gradvitals_status gradvitals_monitor_complaint(gradvitals_monitor* monitor,
                                                              const char** text);

typedef enum gradvitals_format { GRADVITALS_TEXT = 0, GRADVITALS_JSON = 1 } gradvitals_format;

/* Of texts. */
typedef struct gradvitals_style {
  size_t size;
  int32_t color; /* ANSI colours */
  int32_t ascii; /* no byte above 127 */
  int32_t width; /* columns; 0: lines as long as they are */
  int32_t reserved;
} gradvitals_style;

/* How the network is now: the last step that was applied, judged by itself, and what lasts of the
 * steps before. Before the first step, of what was observed. The text is valid until the next call
 * with this monitor; its JSON has schema gradvitals.diagnosis/1. */
GRADVITALS_API gradvitals_status gradvitals_monitor_diagnosis(gradvitals_monitor* monitor,
                                                              int32_t format,
                                                              const gradvitals_style* style,
                                                              const char** text);

/* The whole run, step by step, as `gradvitals diagnose HISTORY` tells it; its JSON has schema
 * gradvitals.run/1. */
GRADVITALS_API gradvitals_status gradvitals_monitor_run(gradvitals_monitor* monitor, int32_t format,
                                                        const gradvitals_style* style,
                                                        const char** text);

/* One thing that is wrong. Texts are valid until the next call with this monitor. */
typedef struct gradvitals_finding {
  size_t size;
  int32_t rule;           /* 2 of R2: docs/rules.md */
  int32_t severity;       /* gradvitals_severity */
  const char* id;         /* the rule in a word: "backward_factor" */
  const char* tensor;     /* at fault; "": the network */
  double value;           /* measured; NaN where it is no number */
  double threshold;       /* that it crossed; NaN where there is none */
  const char* text;       /* one sentence */
  const char* advice;     /* a line each, the most useful one first */
  int32_t consequence_of; /* the rule that explains it; 0: it is a root cause */
  int32_t reserved;
} gradvitals_finding;

typedef struct gradvitals_verdict {
  size_t size;
  const char* verdict; /* "healthy", "vanishing", "exploding", ... ; never changes */
  int32_t severity;    /* gradvitals_severity */
  int32_t reserved;
  int64_t findings;
} gradvitals_verdict;

/* The same diagnosis in numbers. */
GRADVITALS_API gradvitals_status gradvitals_monitor_verdict(gradvitals_monitor* monitor,
                                                            gradvitals_verdict* verdict);
/* Of the last gradvitals_monitor_verdict(): finding `index`, the deciding one first. */
GRADVITALS_API gradvitals_status gradvitals_monitor_finding(gradvitals_monitor* monitor,
                                                            int64_t index,
                                                            gradvitals_finding* finding);

/* What monitor_gradient_health() of the teaching notebook returns. */
typedef struct gradvitals_notebook_metrics {
  size_t size;
  double min_gradient, max_gradient, mean_gradient, std_gradient;
  int64_t vanished_layers, weak_layers, total_layers;
} gradvitals_notebook_metrics;

/* The text that the notebook's interpret_gradient_health() prints, byte for byte. Valid until the
 * next call of this thread. */
GRADVITALS_API gradvitals_status
gradvitals_interpret_gradient_health(const gradvitals_notebook_metrics* metrics, const char** text);

#ifdef __cplusplus
}
#endif

#endif /* GRADVITALS_H */
