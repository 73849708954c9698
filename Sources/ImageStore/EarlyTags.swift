import ByteStream
import OCI

/// What tags stand for, asked while it is still on its way what they shall stand for.
///
/// An answer is for a short time only: somebody may move the tag after it, as after any answer.
public final class EarlyTags: Sendable {
    /// How old an answer may be.
    private static let lifetime = Duration.seconds(2)

    fileprivate typealias Answer = BackgroundResult<
        (result: Result<Digest?, any Error>, time: ContinuousClock.Instant)
    >

    private let answers: [Reference: Answer]

    fileprivate init(_ answers: [Reference: Answer]) {
        self.answers = answers
    }

    /// The digest that the tag of `target` stands for, when it was asked and the answer is young; nil
    /// inside when there is no such tag. Waits for an answer that is on its way.
    ///
    /// - Throws: as `Repository.digestBeforePush`.
    func digest(of target: Reference) throws -> Digest?? {
        guard let answer = try answers[target]?.wait(), .now - answer.time < EarlyTags.lifetime
        else { return nil }
        return .some(try answer.result.get())
    }
}

extension ImageStore {
    /// Begins to ask registries what the tags of `targets` stand for, `concurrencyLimit` of them at
    /// most. Nothing is changed there, and nothing fails before the answer is used.
    public func askAhead(_ targets: [Reference]) -> EarlyTags {
        var answers: [Reference: EarlyTags.Answer] = [:]
        for target in targets.prefix(concurrencyLimit) where answers[target] == nil {
            guard case .registry = target, let tag = target.tag else { continue }
            answers[target] = EarlyTags.Answer {
                (Result { try self.repository(for: target).digestBeforePush(.tag(tag)) }, .now)
            }
        }
        return EarlyTags(answers)
    }
}
