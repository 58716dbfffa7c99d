#include "cases.h"

#include <cstring>

uint64_t Random::next() {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return state_ * 0x2545f4914f6cdd1du;
}

void fill(TF_Tensor& tensor, Random& random, int window) {
  const int64_t count = tensor.elements();
  for (int64_t i = 0; i < count; i++) {
    if (tensor.type == TF_UINT8) {
      uint8_t* to = static_cast<uint8_t*>(tensor.buffer->data()) + i;
      *to = static_cast<uint8_t>(window == 0       ? random.between(0, 1)
                                 : random.oneIn(5) ? 255
                                                   : random.between(0, window - 1));
      continue;
    }
    const float value = random.oneIn(4) ? 0.0f : static_cast<float>(random.between(-1000, 1000)) / 1000;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (tensor.type == TF_BFLOAT16)
      static_cast<uint16_t*>(tensor.buffer->data())[i] = static_cast<uint16_t>(bits >> 16);
    else static_cast<float*>(tensor.buffer->data())[i] = value;
  }
}

namespace {

/** Sizes of a random convolution, and the pooling after it. */
struct Sizes {
  int images, height, width, inputs, filterRows, filterColumns, outputs, top, left, rows, columns, windowRows,
      windowColumns;
};

Sizes draw(Random& random, bool pooled, bool narrow, bool square, int scale) {
  Sizes s = {};
  s.images = random.between(0, 3) * scale;
  s.filterRows = random.between(1, random.oneIn(3) ? 5 : 3);
  s.filterColumns = random.between(1, random.oneIn(3) ? 5 : 3);
  s.inputs = narrow ? random.between(1, 4) : random.oneIn(4) ? random.between(1, 3) : random.between(1, 40);
  s.outputs = random.oneIn(3) ? 16 * random.between(1, 5) : random.between(1, 70);
  s.windowRows = !pooled ? 1 : square ? 2 : random.between(1, 5);
  s.windowColumns = !pooled ? 1 : square ? 2 : random.between(1, 5);
  const bool same = random.oneIn(2);
  s.height = s.filterRows + s.windowRows + random.between(0, 14);
  s.width = s.filterColumns + s.windowColumns + random.between(0, 14);
  s.top = same ? (s.filterRows - 1) / 2 : 0;
  s.left = same ? (s.filterColumns - 1) / 2 : 0;
  s.rows = (same ? s.height : s.height - s.filterRows + 1) / s.windowRows;
  s.columns = (same ? s.width : s.width - s.filterColumns + 1) / s.windowColumns;
  return s;
}

}  // namespace

OpCall validCall(const std::string& op, Random& random, int scale) {
  const TF_DataType T = random.oneIn(2) ? TF_BFLOAT16 : TF_FLOAT;
  OpCall call{op, {}, {}};
  auto& lists = call.attributes.lists;
  int window = 0;
  const auto add = [&](TF_DataType type, std::vector<int64_t> dims) {
    call.inputs.emplace_back(type, std::move(dims));
  };
  const bool pooled = op.find("Pool") != std::string::npos, narrow = op.find("Narrow") != std::string::npos;
  if (pooled || narrow) {
    const bool fused = op.find("PooledConvolution") != std::string::npos;
    const Sizes s = draw(random, pooled, narrow, fused || random.oneIn(2), scale);
    window = pooled ? s.windowRows * s.windowColumns : 0;
    lists["window"] = {s.windowRows, s.windowColumns};
    lists["kernel"] = {s.filterRows, s.filterColumns};
    lists["padding"] = {s.top, s.left};
    lists["size"] = {s.height, s.width};
    call.attributes.flags["relu"] = random.oneIn(2);
    const std::vector<int64_t> x = {s.images, s.height, s.width, s.inputs},
                               y = {s.images, s.rows, s.columns, s.outputs},
                               filter = {s.filterRows, s.filterColumns, s.inputs, s.outputs};
    if (op == "ConvoyMaxPool") add(T, x);
    if (op == "ConvoyMaxPoolGrad") {
      const std::vector<int64_t> pooling = {s.images, s.height / s.windowRows, s.width / s.windowColumns, s.inputs};
      add(T, pooling), add(TF_UINT8, pooling);
    }
    if (fused) {
      lists["size"] = {s.rows, s.columns};
      add(T, x), add(T, filter), add(T, {s.outputs});
      if (op.find("Into") != std::string::npos) add(T, y);
    }
    if (op == "ConvoyPooledFilterGrad") add(T, x), add(T, y), add(TF_UINT8, y);
    if (op == "ConvoyPooledInputGrad") add(T, filter), add(T, y), add(TF_UINT8, y);
    if (op == "ConvoyNarrowDropout") add(T, x), add(T, filter), add(T, {s.outputs}), add(TF_UINT8, y);
    if (op == "ConvoyNarrowFilterGrad") add(T, x), add(T, y), add(T, random.oneIn(2) ? y : std::vector<int64_t>{1});
  } else if (op.find("Winograd") != std::string::npos) {
    const int side = random.oneIn(2) ? 3 : 5, zeros = random.between(0, side - 1);
    const int images = random.between(0, 3) * scale, inputs = random.between(1, 70), outputs = random.between(1, 70);
    const int height = side + random.between(0, 12), width = side + random.between(0, 12);
    const int rows = height + 2 * zeros - side + 1, columns = width + 2 * zeros - side + 1;
    const bool turned = random.oneIn(2);
    lists["padding"] = {zeros, zeros};
    lists["size"] = {rows, columns};
    lists["kernel"] = {side, side};
    call.attributes.flags["relu"] = random.oneIn(2);
    call.attributes.flags["turned"] = turned;
    add(T, {images, height, width, inputs});
    if (op == "ConvoyWinogradFilterGrad") add(T, {images, rows, columns, outputs});
    else
      add(T, {side, side, turned ? outputs : inputs, turned ? inputs : outputs}),
          add(T, {random.oneIn(2) ? outputs : 0});
  } else if (op == "ConvoyProduct") {
    const int samples = scale * (random.oneIn(4) ? random.between(0, 600) : random.between(0, 40)),
              inputs = random.between(1, 90);
    const int columns = random.between(1, 90), first = random.between(0, inputs - 1),
              rows = random.between(0, inputs - first);
    add(T, {samples, inputs}), add(TF_FLOAT, {samples, columns}), add(TF_FLOAT, {random.oneIn(2) ? samples : 0, 1});
    add(TF_INT32, {2}), add(TF_FLOAT, {1, rows, columns});
    for (TF_Tensor& input : call.inputs) fill(input, random, 0);
    const int32_t from[2] = {0, first};
    memcpy(call.inputs[3].buffer->data(), from, sizeof from);
    return call;
  } else if (op == "ConvoyRowProducts") {
    const int inner = random.between(0, 150);
    add(TF_FLOAT, {random.between(0, 70), inner}), add(TF_FLOAT, {random.between(0, 110) * scale, inner});
  } else {
    call.attributes.floats["epsilon"] = 1e-3f;
    call.attributes.flags["relu"] = random.oneIn(2);
    const int channels = random.oneIn(2) ? 1 << random.between(0, 6) : random.between(1, 70);
    std::vector<int64_t> x = {random.between(1, 9) * scale, random.between(1, 9), random.between(1, 9), channels};
    if (random.oneIn(3)) x = {random.between(1, 900) * scale, channels};
    const int vectors = op == "ConvoyBatchStatistics" ? 2 : op == "ConvoyBatchNorm" ? 3 : 4;
    if (op == "ConvoyBatchNormGrad") add(T, x);
    add(T, x);
    for (int i = 0; i < vectors; i++) add(TF_FLOAT, {channels});
  }
  for (TF_Tensor& input : call.inputs) fill(input, random, window);
  if (op == "ConvoyBatchNormGrad") {
    TF_Tensor& variance = call.inputs[3];
    float* values = static_cast<float*>(variance.buffer->data());
    for (int64_t i = 0; i < variance.elements(); i++) values[i] = values[i] < 0 ? -values[i] : values[i] + 0.01f;
  }
  return call;
}

void disturb(OpCall& call, Random& random) {
  static const int32_t strange[] = {-2147483647 - 1, -1,      0,         1, 2, 3, 7, 16, 17, 255, 256, 300, 3000,
                                    70000,           1 << 24, 2147483647};
  const auto strangeNumber = [&] { return strange[random.between(0, sizeof strange / sizeof *strange - 1)]; };
  for (int changes = random.between(1, 3); changes > 0; changes--) {
    auto& lists = call.attributes.lists;
    if (!lists.empty() && random.oneIn(2)) {
      auto attribute = lists.begin();
      std::advance(attribute, random.between(0, static_cast<int>(lists.size()) - 1));
      std::vector<int32_t>& values = attribute->second;
      if (random.oneIn(4)) values.resize(static_cast<size_t>(random.between(0, 4)), 1);
      else if (!values.empty())
        values[static_cast<size_t>(random.between(0, static_cast<int>(values.size()) - 1))] = strangeNumber();
      continue;
    }
    TF_Tensor& tensor = call.inputs[static_cast<size_t>(random.between(0, static_cast<int>(call.inputs.size()) - 1))];
    std::vector<int64_t> dims = tensor.dims;
    if (random.oneIn(4)) dims.resize(static_cast<size_t>(random.between(0, 9)), 1);
    else if (!dims.empty())
      dims[static_cast<size_t>(random.between(0, static_cast<int>(dims.size()) - 1))] = random.between(0, 40);
    TF_Tensor other(tensor.type, dims);
    fill(other, random, tensor.type == TF_UINT8 ? random.between(0, 255) : 0);
    if (tensor.type == TF_INT32) {
      for (int64_t i = 0; i < other.elements(); i++) static_cast<int32_t*>(other.buffer->data())[i] = strangeNumber();
    }
    tensor = other;
  }
}
