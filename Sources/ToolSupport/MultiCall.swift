import ByteStream
import Glibc

/// Runs the one of `tools` that this process was called by, as its `argv[0]` says, and ends.
///
/// One binary with a symbolic link for each tool: the Swift runtime is there once.
public func runCalledTool(_ tools: [any Tool.Type]) -> Never {
    let name = Path(ArgumentText.encode(ArgumentText.processArguments.first ?? "")).name.description
    for tool in tools where tool.toolName == name {
        tool.runAndExit()
    }
    let names = tools.map { $0.toolName }.joined(separator: " ")
    Console(toolName: name, level: .normal)
        .report(UsageError("call this program by a link with the name of a tool: \(names)"))
        .endProcess()
}
