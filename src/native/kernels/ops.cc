// Registers the kernels as TensorFlow ops, when Node loads this library; `ops` of its exports names them, separated by commas,
// and `bfloat16` behind them where their sums of bfloat16 outdo TensorFlow's; `instructions` is the set they use. No op is there on a processor without AVX2 and FMA. `flushSubnormals` is for a thread that
// runs graphs itself, `mendCaches` for a process on a machine that hides its caches.
#include <cpuid.h>
#include <immintrin.h>

#include "batch-norm-ops.h"
#include "caches.h"
#include "convolution-ops.h"
#include "product-ops.h"

namespace {

/** How an attribute is declared, and read into `Attributes`. */
struct Attribute {
  const char* spec;
  void (*read)(TF_OpKernelConstruction*, Attributes*, TF_Status*);
};

const Attribute window = {"window: list(int)", [](TF_OpKernelConstruction* from, Attributes* to, TF_Status* status) {
                            TF_OpKernelConstruction_GetAttrInt32List(from, "window", to->window, 2, status);
                          }};
const Attribute kernel = {"kernel: list(int)", [](TF_OpKernelConstruction* from, Attributes* to, TF_Status* status) {
                            TF_OpKernelConstruction_GetAttrInt32List(from, "kernel", to->kernel, 2, status);
                          }};
const Attribute padding = {"padding: list(int)", [](TF_OpKernelConstruction* from, Attributes* to, TF_Status* status) {
                             TF_OpKernelConstruction_GetAttrInt32List(from, "padding", to->padding, 2, status);
                           }};
const Attribute size = {"size: list(int)", [](TF_OpKernelConstruction* from, Attributes* to, TF_Status* status) {
                          TF_OpKernelConstruction_GetAttrInt32List(from, "size", to->size, 2, status);
                        }};
const Attribute epsilon = {"epsilon: float", [](TF_OpKernelConstruction* from, Attributes* to, TF_Status* status) {
                             TF_OpKernelConstruction_GetAttrFloat(from, "epsilon", &to->epsilon, status);
                           }};
const Attribute relu = {"relu: bool = false", [](TF_OpKernelConstruction* from, Attributes* to, TF_Status* status) {
                          TF_OpKernelConstruction_GetAttrBool(from, "relu", &to->relu, status);
                        }};

/** What the T of an op's inputs and outputs is; TensorFlow sees to it, and the tensors tell. */
const Attribute numbers = {"T: {float, bfloat16} = DT_FLOAT", [](TF_OpKernelConstruction*, Attributes*, TF_Status*) {}};

/** What one op has. */
struct Op {
  const char* name;
  const char* inputs[mostInputs + 1];
  const char* outputs[mostOutputs + 1];
  const Attribute* attributes[5];
  void (*compute)(void* attributes, TF_OpKernelContext*);
};

const Op ops[] = {
    {"ConvoyMaxPool", {"x: T"}, {"y: T", "place: uint8"}, {&window, &relu, &numbers}, maxPool},
    {"ConvoyPooledConvolution",
     {"x: T", "filter: T", "bias: T"},
     {"y: T", "place: uint8"},
     {&padding, &size, &relu, &numbers},
     pooledConvolution<false>},
    {"ConvoyPooledConvolutionInto",
     {"x: T", "filter: T", "bias: T", "into: T"},
     {"y: T", "place: uint8"},
     {&padding, &size, &relu, &numbers},
     pooledConvolution<true>},
    {"ConvoyMaxPoolGrad", {"gradient: T", "place: uint8"}, {"x: T"}, {&window, &size, &numbers}, expand},
    {"ConvoyPooledFilterGrad",
     {"x: T", "gradient: T", "place: uint8"},
     {"filter: float", "bias: float"},
     {&window, &kernel, &padding, &numbers},
     pooledFilter},
    {"ConvoyPooledInputGrad",
     {"filter: T", "gradient: T", "place: uint8"},
     {"x: T"},
     {&window, &padding, &size, &numbers},
     pooledInput},
    {"ConvoyNarrowDropout", {"x: T", "filter: T", "bias: T", "mask: uint8"}, {"y: T"}, {&padding, &numbers}, narrowDropout},
    {"ConvoyNarrowFilterGrad", {"x: T", "gradient: T", "y: T"}, {"filter: float", "bias: float"}, {&kernel, &padding, &numbers}, narrowFilter},
    {"ConvoyProduct", {"a: T", "b: float", "shares: float", "first: int32", "slot: float"}, {"written: float"}, {&numbers}, product},
    {"ConvoyRowProducts", {"a: float", "b: float"}, {"products: float"}, {}, rowProducts},
    {"ConvoyBatchStatistics",
     {"x: T", "gamma: float", "beta: float"},
     {"mean: float", "variance: float", "scale: float", "shift: float"},
     {&epsilon, &numbers},
     batchStatistics},
    {"ConvoyBatchNorm", {"x: T", "mean: float", "scale: float", "shift: float"}, {"y: T"}, {&relu, &numbers}, batchNorm},
    {"ConvoyBatchNormGrad",
     {"gradient: T", "x: T", "mean: float", "variance: float", "scale: float", "shift: float"},
     {"x_gradient: T", "gamma: float", "beta: float"},
     {&epsilon, &relu, &numbers},
     batchNormGradient},
};

/** Reads the attributes of the op with that index. */
template <int index>
void* create(TF_OpKernelConstruction* construction) {
  Attributes* attributes = new Attributes();
  TF_Status* status = TF_NewStatus();
  for (const Attribute* const* each = ops[index].attributes; *each != nullptr && TF_GetCode(status) == TF_OK; each++) {
    (*each)->read(construction, attributes, status);
  }
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return attributes;
}

void destroy(void* attributes) { delete static_cast<Attributes*>(attributes); }

void* (*const creators[])(TF_OpKernelConstruction*) = {create<0>, create<1>, create<2>, create<3>, create<4>, create<5>, create<6>, create<7>, create<8>,
                                                      create<9>, create<10>, create<11>,
                                                      create<12>};
static_assert(sizeof creators / sizeof *creators == sizeof ops / sizeof *ops, "one creator an op");

/** Sizes of outputs are known to the graph's maker; TensorFlow need not infer them. */
void unknownShapes(TF_ShapeInferenceContext* context, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(context, status); }

/** Registers every op; false with what went wrong in `message`. */
bool registerOps(char* message, size_t room) {
  TF_Status* status = TF_NewStatus();
  for (size_t index = 0; index < sizeof ops / sizeof *ops && TF_GetCode(status) == TF_OK; index++) {
    const Op& op = ops[index];
    TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(op.name);
    for (const char* const* spec = op.inputs; *spec != nullptr; spec++) TF_OpDefinitionBuilderAddInput(definition, *spec);
    for (const char* const* spec = op.outputs; *spec != nullptr; spec++) TF_OpDefinitionBuilderAddOutput(definition, *spec);
    for (const Attribute* const* each = op.attributes; *each != nullptr; each++) TF_OpDefinitionBuilderAddAttr(definition, (*each)->spec);
    TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, unknownShapes);
    TF_RegisterOpDefinition(definition, status);
    if (TF_GetCode(status) != TF_OK) break;
    TF_KernelBuilder* builder = TF_NewKernelBuilder(op.name, "CPU", creators[index], op.compute, destroy);
    TF_RegisterKernelBuilder(op.name, builder, status);
  }
  const bool done = TF_GetCode(status) == TF_OK;
  if (!done) snprintf(message, room, "%s", TF_Message(status));
  TF_DeleteStatus(status);
  return done;
}

/** What a processor multiplies bfloat16 with: pairs in the lanes of vectors (AVX512-BF16), tiles (AMX). */
struct Bfloat16Units {
  bool pairs, tiles;
};

#ifdef CONVOY_WITHOUT_PAIRS  // the compiler did not know the instruction
constexpr const Kernels* pairKernels = &convoy::avx512Kernels;
#else
constexpr const Kernels* pairKernels = &convoy::avx512Bf16Kernels;
#endif

Bfloat16Units bfloat16Units() {
  unsigned a, b, c, d;
  Bfloat16Units found = {};
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) found.pairs = a >> 5 & 1;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) found.tiles = d >> 22 & 1;
  return found;
}

}  // namespace

// Of Node-API, which is stable, only what is needed here: its headers are not everywhere.
extern "C" {
int napi_create_string_utf8(void* env, const char* text, size_t length, void** result);
int napi_set_named_property(void* env, void* object, const char* name, void* value);
int napi_throw_error(void* env, const char* code, const char* message);
int napi_create_function(void* env, const char* name, size_t length, void* (*call)(void* env, void* info), void* data, void** result);
int napi_get_cb_info(void* env, void* info, size_t* count, void** values, void** self, void** data);
int napi_get_value_bool(void* env, void* value, bool* result);
int napi_get_boolean(void* env, bool value, void** result);
int napi_create_int32(void* env, int32_t value, void** result);

/** Whether this thread takes subnormal numbers as zero, as TensorFlow's own threads do; gives what held before. */
static void* flushSubnormals(void* env, void* info) {
  constexpr unsigned flushed = _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON;
  size_t count = 1;
  void* value = nullptr;
  bool flush = false;
  if (napi_get_cb_info(env, info, &count, &value, nullptr, nullptr) != 0 || napi_get_value_bool(env, value, &flush) != 0) {
    napi_throw_error(env, nullptr, "flushSubnormals expects true or false");
    return nullptr;
  }
  const unsigned before = _mm_getcsr();
  _mm_setcsr(flush ? before | flushed : before & ~flushed);
  void* result = nullptr;
  napi_get_boolean(env, (before & flushed) == flushed, &result);
  return result;
}

/** Puts right what oneDNN takes the processor's caches to be: see caches.h. */
static void* mendCaches(void* env, void*) {
  void* result = nullptr;
  napi_create_int32(env, convoy::mendCaches(), &result);
  return result;
}

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1() { return 8; }

__attribute__((visibility("default"))) void* napi_register_module_v1(void* env, void* exports) {
  static bool registered = false;
  __builtin_cpu_init();
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  const Bfloat16Units units = bfloat16Units();
  if (wide) kernels = units.pairs ? pairKernels : &convoy::avx512Kernels;
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) kernels = &convoy::avx2Kernels;
  char names[512] = "";
  if (kernels != nullptr) {
    char message[256];
    if (!registered && !registerOps(message, sizeof message)) {
      napi_throw_error(env, nullptr, message);
      return nullptr;
    }
    registered = true;
    size_t length = 0;
    for (const Op& op : ops) {
      // An op that is there for nothing is not told of.
      if ((op.compute == pooledConvolution<false> || op.compute == pooledConvolution<true>) && kernels->float32.pooling.convolution == nullptr) continue;
      length += snprintf(names + length, sizeof names - length, "%s%s", length == 0 ? "" : ",", op.name);
    }
    if (kernels != &convoy::avx512Kernels && kernels == pairKernels && !units.tiles) snprintf(names + length, sizeof names - length, ",bfloat16");
  }
  const char* const values[][2] = {{"ops", names}, {"instructions", kernels == nullptr ? "" : kernels->instructions}};
  for (const auto& [name, text] : values) {
    void* value = nullptr;
    if (napi_create_string_utf8(env, text, (size_t)-1, &value) == 0) napi_set_named_property(env, exports, name, value);
  }
  const struct {
    const char* name;
    void* (*call)(void* env, void* info);
  } functions[] = {{"flushSubnormals", flushSubnormals}, {"mendCaches", mendCaches}};
  for (const auto& [name, call] : functions) {
    void* function = nullptr;
    if (napi_create_function(env, name, (size_t)-1, call, nullptr, &function) == 0) napi_set_named_property(env, exports, name, function);
  }
  return exports;
}
}
