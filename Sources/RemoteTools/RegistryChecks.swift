import ByteStream
import ImageStore
import OCI
import Registry
import ToolSupport

/// Checks of the place that a reference names.
enum RegistryChecks {
    /// The difference of clocks, in seconds, beyond which tokens and certificates may be refused.
    private static let clockTolerance: Int64 = 60

    static func findings(_ reference: Reference, _ store: ImageStore) -> [Finding] {
        let subject = reference.description
        do {
            guard let examination = try store.examine(reference) else {
                return [Finding(.fine, subject, "needs no registry")]
            }
            return [connection(examination, subject), credentials(examination, subject)]
                + [clock(examination, subject)].compactMap { $0 }
        } catch let failure as any Failure {
            return [Finding(.problem, subject, "\(failure.message): \(advice(failure))")]
        } catch {
            return [Finding(.problem, subject, "\(error)")]
        }
    }

    private static func connection(
        _ examination: RegistryExamination, _ subject: String
    ) -> Finding {
        Finding(.fine, subject, "answers \(examination.isSecure ? "by TLS" : "over plain HTTP")")
    }

    private static func credentials(
        _ examination: RegistryExamination, _ subject: String
    ) -> Finding {
        if let found = examination.credentials {
            return Finding(
                .fine, subject,
                "credentials of \(quote(found.key)) in \(found.file.quoted), which it "
                    + (examination.wasChallenged ? "takes" : "did not ask for"))
        }
        return Finding(
            .warning, subject, "no credentials: pushing needs 'ocinoco login', reading may not")
    }

    private static func clock(
        _ examination: RegistryExamination, _ subject: String
    ) -> Finding? {
        guard let seconds = examination.clockDifference, abs(seconds) > clockTolerance else {
            return nil
        }
        return Finding(
            .warning, subject,
            "its clock is \(abs(seconds)) s \(seconds > 0 ? "ahead" : "behind"): set this machine's"
        )
    }

    private static func advice(_ failure: any Failure) -> String {
        switch failure.exitStatus {
        case .denied: "log in with 'ocinoco login', or ask for the right"
        case .configuration: "repair the file, or name another by --authfile"
        case .temporary: "try again later"
        default: "look at the name, the proxy and the certificates (--ca-file)"
        }
    }
}
