// Registers the kernels as TensorFlow ops, when Node loads this library; `ops` of its exports names them, separated by commas,
// `instructions` the set they use. No op is there on a processor without AVX2 and FMA.
#include <cstdio>

#include "kernels.h"
#include "tensorflow.h"

namespace {

using convoy::Kernels;
using convoy::NarrowConvolution;
using convoy::PooledConvolution;

const Kernels* kernels = nullptr;

/** The lists of integers that ops of ours have; unused ones stay zero. */
struct Attributes {
  int32_t window[2];   // rows, columns
  int32_t kernel[2];   // rows, columns of the filter
  int32_t padding[2];  // zeros above, to the left
  int32_t size[2];     // height, width of the gradient that is computed
};

/** What one op has: its attributes are named as in `Attributes`. */
struct Op {
  const char* name;
  const char* inputs[4];
  const char* outputs[3];
  const char* attributes[5];
  void (*compute)(void* attributes, TF_OpKernelContext*);
};

/** A status, and what a kernel asks of its context; the first failure is told and ends the kernel. */
class Call {
 public:
  Call(TF_OpKernelContext* context, const char* name) : context_(context), name_(name), status_(TF_NewStatus()) {}
  ~Call() {
    for (TF_Tensor* tensor : tensors_) {
      if (tensor != nullptr) TF_DeleteTensor(tensor);
    }
    if (TF_GetCode(status_) != TF_OK) TF_OpKernelContext_Failure(context_, status_);
    TF_DeleteStatus(status_);
  }
  Call(const Call&) = delete;

  /** An input of that rank; null after a failure. */
  const TF_Tensor* input(int index, int rank) {
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    tensors_[index] = tensor;
    if (expect(TF_NumDims(tensor) == rank, "an input of another rank")) return tensor;
    return nullptr;
  }
  /** Memory of an output of rank 4; null after a failure. */
  template <typename T>
  T* output(int index, TF_DataType type, const int64_t (&dims)[4]) {
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    size_t bytes = sizeof(T);
    for (int64_t size : dims) bytes *= size;
    TF_Tensor* tensor = TF_AllocateOutput(context_, index, type, dims, 4, bytes, status_);
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    tensors_[4 + index] = tensor;
    return static_cast<T*>(TF_TensorData(tensor));
  }
  bool expect(bool holds, const char* found) {
    if (TF_GetCode(status_) != TF_OK) return false;
    if (holds) return true;
    char text[160];
    snprintf(text, sizeof text, "%s: expected inputs that fit but found %s", name_, found);
    TF_SetStatus(status_, TF_INVALID_ARGUMENT, text);
    return false;
  }

 private:
  TF_OpKernelContext* context_;
  const char* name_;
  TF_Status* status_;
  TF_Tensor* tensors_[8] = {};
};

int dim(const TF_Tensor* tensor, int index) { return (int)TF_Dim(tensor, index); }

template <typename T>
const T* data(const TF_Tensor* tensor) {
  return static_cast<const T*>(TF_TensorData(tensor));
}

bool sameShape(const TF_Tensor* a, const TF_Tensor* b) {
  for (int i = 0; i < 4; i++) {
    if (TF_Dim(a, i) != TF_Dim(b, i)) return false;
  }
  return true;
}

void maxPool(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyMaxPool");
  const TF_Tensor* x = call.input(0, 4);
  if (x == nullptr) return;
  const int64_t dims[4] = {TF_Dim(x, 0), TF_Dim(x, 1) / a.window[0], TF_Dim(x, 2) / a.window[1], TF_Dim(x, 3)};
  float* y = call.output<float>(0, TF_FLOAT, dims);
  uint8_t* place = call.output<uint8_t>(1, TF_UINT8, dims);
  if (y == nullptr || place == nullptr) return;
  kernels->maxPool(data<float>(x), dim(x, 0), dim(x, 1), dim(x, 2), dim(x, 3), {a.window[0], a.window[1]}, y, place);
}

void expand(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyMaxPoolGrad");
  const TF_Tensor *gradient = call.input(0, 4), *place = call.input(1, 4);
  if (gradient == nullptr || place == nullptr || !call.expect(sameShape(gradient, place), "places of another shape")) return;
  const bool fits = dim(gradient, 1) * a.window[0] <= a.size[0] && dim(gradient, 2) * a.window[1] <= a.size[1];
  if (!call.expect(fits, "windows beyond the image")) return;
  float* x = call.output<float>(0, TF_FLOAT, {TF_Dim(gradient, 0), a.size[0], a.size[1], TF_Dim(gradient, 3)});
  if (x == nullptr) return;
  kernels->expand(data<float>(gradient), data<uint8_t>(place), dim(gradient, 0), dim(gradient, 1), dim(gradient, 2), dim(gradient, 3),
                  {a.window[0], a.window[1]}, a.size[0], a.size[1], x);
}

/** Whether all windows of the pooling lie on outputs that the convolution has. */
bool reaches(const PooledConvolution& c) {
  return c.pooledRows * c.window.rows + c.filterRows - 1 <= c.height + c.filterRows - 1 && c.pooledColumns * c.window.columns <= c.width &&
         c.top < c.filterRows && c.left < c.filterColumns;
}

void pooledFilter(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyPooledFilterGrad");
  const TF_Tensor *x = call.input(0, 4), *gradient = call.input(1, 4), *place = call.input(2, 4);
  if (x == nullptr || gradient == nullptr || place == nullptr) return;
  const PooledConvolution c = {dim(x, 0),   dim(x, 1),        dim(x, 2),        dim(x, 3),        a.kernel[0],  a.kernel[1], dim(gradient, 3),
                               dim(gradient, 1), dim(gradient, 2), a.padding[0], a.padding[1], {a.window[0], a.window[1]}};
  if (!call.expect(sameShape(gradient, place), "places of another shape")) return;
  if (!call.expect(dim(gradient, 0) == c.images && reaches(c), "a gradient of another size")) return;
  float* filter = call.output<float>(0, TF_FLOAT, {c.filterRows, c.filterColumns, c.inputs, c.outputs});
  if (filter != nullptr) kernels->pooledFilter(c, data<float>(x), data<float>(gradient), data<uint8_t>(place), filter);
}

void pooledInput(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyPooledInputGrad");
  const TF_Tensor *filter = call.input(0, 4), *gradient = call.input(1, 4), *place = call.input(2, 4);
  if (filter == nullptr || gradient == nullptr || place == nullptr) return;
  const PooledConvolution c = {dim(gradient, 0), a.size[0],         a.size[1],         dim(filter, 2), dim(filter, 0), dim(filter, 1),
                               dim(filter, 3),   dim(gradient, 1), dim(gradient, 2), a.padding[0],   a.padding[1],   {a.window[0], a.window[1]}};
  if (!call.expect(sameShape(gradient, place), "places of another shape")) return;
  if (!call.expect(dim(gradient, 3) == c.outputs && reaches(c), "a gradient of another size")) return;
  float* x = call.output<float>(0, TF_FLOAT, {c.images, c.height, c.width, c.inputs});
  if (x != nullptr) kernels->pooledInput(c, data<float>(filter), data<float>(gradient), data<uint8_t>(place), x);
}

void narrowFilter(void* attributes, TF_OpKernelContext* context) {
  const Attributes& a = *static_cast<Attributes*>(attributes);
  Call call(context, "ConvoyNarrowFilterGrad");
  const TF_Tensor *x = call.input(0, 4), *gradient = call.input(1, 4);
  if (x == nullptr || gradient == nullptr) return;
  const NarrowConvolution c = {dim(x, 0),        dim(x, 1),        dim(x, 2),        dim(x, 3),    a.kernel[0], a.kernel[1],
                               dim(gradient, 3), dim(gradient, 1), dim(gradient, 2), a.padding[0], a.padding[1]};
  if (!call.expect(dim(gradient, 0) == c.images, "a gradient of another batch")) return;
  float* filter = call.output<float>(0, TF_FLOAT, {c.filterRows, c.filterColumns, c.inputs, c.outputs});
  if (filter != nullptr) kernels->narrowFilter(c, data<float>(x), data<float>(gradient), filter);
}

const char *const window = "window: list(int)", *const kernel = "kernel: list(int)", *const padding = "padding: list(int)",
                  *const size = "size: list(int)";

const Op ops[] = {
    {"ConvoyMaxPool", {"x: float"}, {"y: float", "place: uint8"}, {window}, maxPool},
    {"ConvoyMaxPoolGrad", {"gradient: float", "place: uint8"}, {"x: float"}, {window, size}, expand},
    {"ConvoyPooledFilterGrad", {"x: float", "gradient: float", "place: uint8"}, {"filter: float"}, {window, kernel, padding}, pooledFilter},
    {"ConvoyPooledInputGrad", {"filter: float", "gradient: float", "place: uint8"}, {"x: float"}, {window, padding, size}, pooledInput},
    {"ConvoyNarrowFilterGrad", {"x: float", "gradient: float"}, {"filter: float"}, {kernel, padding}, narrowFilter},
};

/** Reads the attributes of the op with that index. */
template <int index>
void* create(TF_OpKernelConstruction* construction) {
  Attributes* attributes = new Attributes();
  TF_Status* status = TF_NewStatus();
  for (const char* const* spec = ops[index].attributes; *spec != nullptr && TF_GetCode(status) == TF_OK; spec++) {
    int32_t* values = *spec == window ? attributes->window : *spec == kernel ? attributes->kernel : *spec == padding ? attributes->padding : attributes->size;
    char name[16];
    sscanf(*spec, "%15[a-z]", name);
    TF_OpKernelConstruction_GetAttrInt32List(construction, name, values, 2, status);
  }
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return attributes;
}

void destroy(void* attributes) { delete static_cast<Attributes*>(attributes); }

void* (*const creators[])(TF_OpKernelConstruction*) = {create<0>, create<1>, create<2>, create<3>, create<4>};
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
    for (const char* const* spec = op.attributes; *spec != nullptr; spec++) TF_OpDefinitionBuilderAddAttr(definition, *spec);
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

}  // namespace

// Of Node-API, which is stable, only what is needed here: its headers are not everywhere.
extern "C" {
int napi_create_string_utf8(void* env, const char* text, size_t length, void** result);
int napi_set_named_property(void* env, void* object, const char* name, void* value);
int napi_throw_error(void* env, const char* code, const char* message);

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1() { return 8; }

__attribute__((visibility("default"))) void* napi_register_module_v1(void* env, void* exports) {
  static bool registered = false;
  __builtin_cpu_init();
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (wide) kernels = &convoy::avx512Kernels;
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
    for (const Op& op : ops) length += snprintf(names + length, sizeof names - length, "%s%s", length == 0 ? "" : ",", op.name);
  }
  const char* const values[][2] = {{"ops", names}, {"instructions", kernels == nullptr ? "" : kernels->instructions}};
  for (const auto& [name, text] : values) {
    void* value = nullptr;
    if (napi_create_string_utf8(env, text, (size_t)-1, &value) == 0) napi_set_named_property(env, exports, name, value);
  }
  return exports;
}
}
