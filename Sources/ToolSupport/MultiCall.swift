import ByteStream
import Glibc

/// Runs the tool whose name is in `argv[0]`, and ends the process.
///
/// One binary with a symbolic link for each tool has the Swift runtime only once. In packages that
/// cannot have links, as those of Python and npm, the first argument names the tool.
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
