import ByteStream
import Glibc

/// Runs the one of `tools` that this process was called by, as its `argv[0]` says, and ends.
///
/// One binary with a symbolic link for each tool: the Swift runtime is there once. Where there can be no
/// links, as in packages of Python and npm, the tool is the first argument.
public func runCalledTool(_ tools: [any Tool.Type]) -> Never {
    let arguments = ArgumentText.processArguments
    let name = Path(ArgumentText.encode(arguments.first ?? "")).name.description
    for tool in tools where tool.toolName == name {
        tool.runAndExit(arguments.dropFirst())
    }
    for tool in tools where tool.toolName == arguments.dropFirst().first {
        tool.runAndExit(arguments.dropFirst(2))
    }
    let names = tools.map { $0.toolName }.joined(separator: " ")
    Console(toolName: name, level: .normal)
        .report(UsageError("call this program by a link with the name of a tool: \(names)"))
        .endProcess()
}
