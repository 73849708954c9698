import ArgumentParser
import ByteStream
import ImageLayout
import OCI
import ToolSupport

/// The value of `--exclude-output`: a path, or the reference of a layout.
struct OutputPath: Sendable {
    let path: Path

    init(_ argument: String) throws {
        if argument.isEmpty { throw ValidationError("--exclude-output is empty") }
        guard argument.hasPrefix("oci:") else {
            path = Path(ArgumentText.encode(argument))
            return
        }
        let reference: LayoutReference
        do {
            reference = try LayoutReference(String(argument.dropFirst(4)))
        } catch {
            throw ValidationError("--exclude-output is no layout: \(quote(error.reference))")
        }
        let isCertain = argument.contains("/:")
        let resolved =
            isCertain ? reference : reference.resolved { OutputPath.layout(at: $0).exists }
        path = Path(ArgumentText.encode(resolved.directory))
    }

    private static func layout(at directory: String) -> LayoutRepository {
        LayoutRepository(directory: Path(ArgumentText.encode(directory)))
    }
}
