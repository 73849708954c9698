import ArgumentParser
import ByteStream
import ImageStore
import OCI
import Registry
import ToolSupport

/// `oci-doctor`: checks that a build would find everything it needs.
public struct DoctorTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-doctor",
        abstract: "Check what a build needs, and say how to mend problems.",
        usage: "oci-doctor [<options>] [<ref> ...]",
        discussion: """
            Writes a line for each check to stdout: ok, warning or problem, what was checked, and \
            what to do. For REFs it checks whether their registries answer, by which protocol, and \
            which credentials are used; the credentials are not shown. Nothing is changed. The \
            status is 1 when there is a problem.

            Example:
              oci-doctor ghcr.io/example/app:latest
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Images, repositories or layouts.", valueName: "ref"))
    private var referenceArguments: [Values<String>] = []
    private var references: [String] { referenceArguments.flattened() }

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let references = try references.map(parseReference)
        var findings = LocalChecks.findings()
        try registry.withStore(console) { store in
            for reference in references { findings += RegistryChecks.findings(reference, store) }
        }
        try writeLines(
            findings.map { Printable.line("\($0.level.rawValue): \($0.subject): \($0.text)") })
        if findings.contains(where: { $0.level == .problem }) { throw NegativeAnswer() }
    }
}
