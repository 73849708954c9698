import Glibc

/// Runs libFuzzer on the target that the environment variable FUZZ_TARGET names.
@main struct LibFuzzer {
    static func main() {
        let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard fuzzTargets.contains(where: { $0.name == name }) else {
            complain("FUZZ_TARGET is none of: \(fuzzTargets.map(\.name).joined(separator: " "))")
            exit(64)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(runDriver(&count, &arguments, checkOneInput))
    }
}

private let target = getenv("FUZZ_TARGET").flatMap { name in
    fuzzTargets.first { $0.name == String(cString: name) }
}

private func checkOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    do {
        try target?.check(Array(UnsafeBufferPointer(start: data, count: size)))
    } catch {
        complain("\(error)")
        abort()
    }
    return 0
}

private func complain(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
}

/// Part of compiler-rt, which has no module.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
