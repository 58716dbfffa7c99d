"""The networks of the recipes in PyTorch, layer for layer."""

import torch
from torch import nn
from torch.nn import functional


def cifar10_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Dropout(0.3),
        nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 16 * 16, 512), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(512, 10),
    )


def fashion_mnist_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 4 * 4, 10),
    )


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride = stride
        self.pad = (outputs - inputs) // 2

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.pad:  # option A of He et al.: every second pixel, zero channels half before and half after
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.pad, self.pad))
        return functional.relu(x + y)


def cifar_resnet20():
    layers = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for stage, outputs in enumerate((16, 32, 64)):
        for index in range(3):
            layers.append(Block(channels, outputs, 2 if stage > 0 and index == 0 else 1))
            channels = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


networks = {"cifar10-cnn": cifar10_cnn, "fashion-mnist-cnn": fashion_mnist_cnn, "cifar-resnet20": cifar_resnet20}


def build(setup):
    """The network in the setup's memory layout, and its optimizer in PyTorch's fused form."""
    torch.manual_seed(0)
    model = networks[setup["network"]]()
    if setup["settings"].get("channelsLast", True):
        model = model.to(memory_format=torch.channels_last)
    if setup["optimizer"] == "adam":
        return model, torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    return model, torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, fused=True)


def images_to_torch(images, settings):
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2)
    if settings.get("channelsLast", True):
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor.contiguous()
