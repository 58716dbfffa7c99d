#include "fake-tensorflow.h"

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <numeric>
#include <optional>

namespace {

/** More is not to be had, so that sizes which pass all checks but are absurd do not take the machine's memory. */
constexpr size_t mostBytes = size_t{64} << 20;

size_t bytesOf(TF_DataType type) { return type == TF_UINT8 ? 1 : type == TF_BFLOAT16 ? 2 : 4; }

size_t sizeOf(TF_DataType type, const int64_t* dims, int rank) {
  size_t bytes = bytesOf(type);
  for (int axis = 0; axis < rank; axis++) {
    if (__builtin_mul_overflow(bytes, static_cast<size_t>(dims[axis]), &bytes)) return SIZE_MAX;
  }
  return bytes;
}

}  // namespace

Buffer::Buffer(size_t bytes) : bytes_(bytes) {
  if (posix_memalign(&data_, 64, bytes) != 0) abort();
  memset(data_, 0x7f, bytes);  // numbers that nothing computes, where an op leaves some unwritten
}
Buffer::~Buffer() { free(data_); }

TF_Tensor::TF_Tensor(TF_DataType t, std::vector<int64_t> d)
    : type(t),
      dims(std::move(d)),
      buffer(std::make_shared<Buffer>(sizeOf(type, dims.data(), static_cast<int>(dims.size())))) {}

int64_t TF_Tensor::elements() const {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<int64_t>());
}

struct TF_OpDefinitionBuilder {
  std::string name;
  size_t outputs = 0;
  bool stateful = false;
  void (*infer)(TF_ShapeInferenceContext*, TF_Status*) = nullptr;
};
struct TF_KernelBuilder {
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
};
struct TF_OpKernelConstruction {
  const NodeAttributes& attributes;
  TF_Status status;
};
struct TF_OpKernelContext {
  std::vector<TF_Tensor> inputs;
  Outcome& outcome;
  bool gaveInput = false;
};

namespace {

/** Ops and kernels that were registered. */
std::map<std::string, TF_OpDefinitionBuilder>& definitions() {
  static std::map<std::string, TF_OpDefinitionBuilder> all;
  return all;
}
std::map<std::string, TF_KernelBuilder>& kernels() {
  static std::map<std::string, TF_KernelBuilder> all;
  return all;
}

/** Microseconds that this thread has computed. */
double processorTime() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

template <typename Value>
const Value* attribute(const std::map<std::string, Value>& all, const char* name, TF_Status* status) {
  const auto found = all.find(name);
  if (found != all.end()) return &found->second;
  TF_SetStatus(status, TF_INVALID_ARGUMENT, name);
  return nullptr;
}

}  // namespace

std::vector<std::string> registeredOps() {
  std::vector<std::string> names;
  for (const auto& [name, _] : kernels()) names.push_back(name);
  return names;
}

// Shapes as the shape functions see them; see fake-shapes.cc.
TF_Status inferShapes(void (*infer)(TF_ShapeInferenceContext*, TF_Status*), const std::vector<TF_Tensor>& inputs,
                      size_t outputs, std::vector<std::optional<std::vector<int64_t>>>& inferred);

Outcome runOp(const std::string& op, const NodeAttributes& attributes, const std::vector<TF_Tensor>& inputs) {
  Outcome outcome;
  const TF_OpDefinitionBuilder& definition = definitions().at(op);
  outcome.outputs.resize(definition.outputs);
  std::vector<std::optional<std::vector<int64_t>>> inferred;
  const TF_Status shapes = inferShapes(definition.infer, inputs, definition.outputs, inferred);
  const TF_KernelBuilder& kernel = kernels().at(op);
  TF_OpKernelConstruction construction{attributes, {}};
  void* state = kernel.create(&construction);
  outcome.status = construction.status;
  if (outcome.status.code == TF_OK) {
    TF_OpKernelContext context{inputs, outcome};
    const double start = processorTime();
    kernel.compute(state, &context);
    outcome.microseconds = processorTime() - start;
    // TensorFlow would merge nodes that look alike, although each of them writes.
    if (context.gaveInput && !definition.stateful)
      fprintf(stderr, "%s: writes into an input but is not stateful\n", op.c_str()), abort();
  }
  kernel.destroy(state);
  if (outcome.status.code != TF_OK) return outcome;
  if (shapes.code != TF_OK) outcome.status = {TF_INVALID_ARGUMENT, "shape function: " + shapes.message};
  for (size_t i = 0; i < inferred.size() && outcome.status.code == TF_OK; i++) {
    // A shape is known whole, or not at all.
    const bool agree = !inferred[i].has_value() || *inferred[i] == outcome.outputs[i]->dims;
    if (!agree) fprintf(stderr, "%s: output %zu has another shape than inferred\n", op.c_str(), i), abort();
  }
  return outcome;
}

extern "C" {
TF_Status* TF_NewStatus(void) { return new TF_Status(); }
void TF_DeleteStatus(TF_Status* status) { delete status; }
void TF_SetStatus(TF_Status* status, TF_Code code, const char* message) { *status = {code, message}; }
TF_Code TF_GetCode(const TF_Status* status) { return status->code; }
const char* TF_Message(const TF_Status* status) { return status->message.c_str(); }

void TF_DeleteTensor(TF_Tensor* tensor) { delete tensor; }
TF_DataType TF_TensorType(const TF_Tensor* tensor) { return tensor->type; }
int TF_NumDims(const TF_Tensor* tensor) { return static_cast<int>(tensor->dims.size()); }
int64_t TF_Dim(const TF_Tensor* tensor, int index) { return tensor->dims.at(static_cast<size_t>(index)); }
void* TF_TensorData(const TF_Tensor* tensor) { return tensor->buffer->data(); }

TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* name) { return new TF_OpDefinitionBuilder{name}; }
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder*, const char*) {}
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder* op, const char*) { op->outputs++; }
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder*, const char*) {}
void TF_OpDefinitionBuilderSetIsStateful(TF_OpDefinitionBuilder* op, bool stateful) { op->stateful = stateful; }
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder* op,
                                                     void (*infer)(TF_ShapeInferenceContext*, TF_Status*)) {
  op->infer = infer;
}
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder* op, TF_Status*) {
  definitions()[op->name] = *op;
  delete op;
}

TF_KernelBuilder* TF_NewKernelBuilder(const char*, const char*, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*)) {
  return new TF_KernelBuilder{create, compute, destroy};
}
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder* builder, TF_Status*) {
  kernels()[name] = *builder;
  delete builder;
}
void TF_OpKernelConstruction_GetAttrSize(TF_OpKernelConstruction* from, const char* name, int32_t* list, int32_t* total,
                                         TF_Status* status) {
  if (const auto* value = attribute(from->attributes.lists, name, status))
    *list = *total = static_cast<int32_t>(value->size());
}
void TF_OpKernelConstruction_GetAttrInt32List(TF_OpKernelConstruction* from, const char* name, int32_t* values,
                                              int most, TF_Status* status) {
  const auto* value = attribute(from->attributes.lists, name, status);
  for (int i = 0; value != nullptr && i < most && i < static_cast<int>(value->size()); i++)
    values[i] = (*value)[static_cast<size_t>(i)];
}
void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction* from, const char* name, float* to,
                                          TF_Status* status) {
  if (const auto* value = attribute(from->attributes.floats, name, status)) *to = *value;
}
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction* from, const char* name, TF_Bool* to,
                                         TF_Status* status) {
  if (const auto* value = attribute(from->attributes.flags, name, status)) *to = *value;
}
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction* construction, TF_Status* status) {
  construction->status = *status;
}

void TF_GetInput(TF_OpKernelContext* context, int index, TF_Tensor** tensor, TF_Status*) {
  *tensor = new TF_Tensor(context->inputs.at(static_cast<size_t>(index)));
}
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext* context, int index, TF_DataType type, const int64_t* dims, int rank,
                             size_t bytes, TF_Status* status) {
  if (bytes != sizeOf(type, dims, rank)) abort();
  if (bytes > mostBytes) {
    TF_SetStatus(status, TF_RESOURCE_EXHAUSTED, "out of memory");
    return nullptr;
  }
  auto& output = context->outcome.outputs.at(static_cast<size_t>(index));
  output.emplace(type, std::vector<int64_t>(dims, dims + rank));
  return new TF_Tensor(*output);
}
TF_Tensor* TF_ForwardInputOrAllocateOutput(TF_OpKernelContext* context, const int* candidates, int count, int index,
                                           const int64_t* dims, int rank, int* forwarded, TF_Status* status) {
  const std::vector<int64_t> wanted(dims, dims + rank);
  for (int i = 0; i < count; i++) {
    const TF_Tensor& input = context->inputs.at(static_cast<size_t>(candidates[i]));
    // The caller of runOp has a reference too; a test that wants memory to be taken over moves its tensors in.
    if (input.dims != wanted || input.buffer.use_count() > 2) continue;
    context->outcome.outputs.at(static_cast<size_t>(index)) = input;
    *forwarded = candidates[i];
    return new TF_Tensor(input);
  }
  *forwarded = -1;
  const TF_DataType type = context->inputs.front().type;
  return TF_AllocateOutput(context, index, type, dims, rank, sizeOf(type, dims, rank), status);
}
void TF_SetOutput(TF_OpKernelContext* context, int index, const TF_Tensor* tensor, TF_Status*) {
  context->outcome.outputs.at(static_cast<size_t>(index)) = *tensor;
  context->gaveInput = true;
}
void TF_OpKernelContext_Failure(TF_OpKernelContext* context, TF_Status* status) { context->outcome.status = *status; }
}
