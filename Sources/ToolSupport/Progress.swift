import ArgumentParser
import ByteStream
import Glibc

/// How transfers are shown.
public enum ProgressMode: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// One line on a terminal, plain lines in CI, nothing otherwise.
    case auto
    /// A line every few seconds.
    case plain
    case none
}

/// Shows the progress of transfers on stderr.
///
/// On a terminal it is one line, rewritten in place and removed at the end.
public final class Progress: Sendable {
    /// The progress of one transfer.
    public struct Transfer: Sendable {
        public enum Direction: String, Sendable {
            case fetch
            case push
        }

        public let direction: Direction
        public let subject: String
        public let byteCount: Int64
        public let totalByteCount: Int64?

        public init(
            _ direction: Direction, subject: String, byteCount: Int64, totalByteCount: Int64?
        ) {
            self.direction = direction
            self.subject = subject
            self.byteCount = byteCount
            self.totalByteCount = totalByteCount
        }
    }

    private enum Style {
        case line
        case plain
        case none

        var interval: Duration {
            switch self {
            case .line: .milliseconds(100)
            case .plain, .none: .seconds(5)
            }
        }
    }

    private struct State {
        var transfers: [Int: Transfer] = [:]
        var finishedByteCounts: [Transfer.Direction: Int64] = [:]
        /// A copied blob is fetched and pushed. It is shown once, as a push.
        var shownDirection = Transfer.Direction.fetch
        let start = ContinuousClock.now
        var shown = ContinuousClock.now
        var isLineShown = false
    }

    private let style: Style
    private let console: Console
    private let state = Guarded(State())

    public init(_ mode: ProgressMode, _ console: Console) {
        self.console = console
        let isTerminal = FileDescriptor.standardError.isTerminal && getenv("TERM") != nil
        style =
            switch mode {
            case _ where console.level == .quiet: .none
            case .none: .none
            case .plain: .plain
            case .auto: isTerminal ? .line : getenv("CI") != nil ? .plain : .none
            }
    }

    /// Records the state of a transfer, and shows it at intervals; nil ends the transfer.
    ///
    /// - Parameter identifier: the same for all states of one transfer.
    public func update(_ identifier: Int, _ transfer: Transfer?) {
        if style == .none { return }
        state.withLock { state in
            if let transfer {
                state.transfers[identifier] = transfer
                if transfer.direction == .push { state.shownDirection = .push }
            } else if let last = state.transfers.removeValue(forKey: identifier) {
                state.finishedByteCounts[last.direction, default: 0] += last.byteCount
            }
            let now = ContinuousClock.now
            guard now - state.shown >= style.interval, !state.transfers.isEmpty else { return }
            state.shown = now
            show(&state, now)
        }
    }

    /// Writes a message above the progress line.
    public func interrupt(_ message: () -> Void) {
        state.withLock { state in
            clear(&state)
            message()
        }
    }

    /// Removes the progress line for good.
    public func finish() {
        state.withLock { clear(&$0) }
    }

    private func clear(_ state: inout State) {
        if state.isLineShown { write("\r\u{1B}[K") }
        state.isLineShown = false
    }

    private func show(_ state: inout State, _ now: ContinuousClock.Instant) {
        let text = describe(state, now)
        switch style {
        case .line:
            let columns = FileDescriptor.standardError.terminalColumns ?? 80
            write("\r\(text.prefix(max(1, columns - 1)))\u{1B}[K")
            state.isLineShown = true
        case .plain: console.print("\(console.toolName): \(text)")
        case .none: break
        }
    }

    private func describe(_ state: State, _ now: ContinuousClock.Instant) -> String {
        let transfers = state.transfers.sorted { $0.key < $1.key }.map(\.value)
            .filter { $0.direction == state.shownDirection }
        let finished = state.finishedByteCounts[state.shownDirection] ?? 0
        let byteCount = transfers.reduce(finished) { $0 + $1.byteCount }
        let elapsed = (now - state.start) / .seconds(1)
        let rate = elapsed > 0 ? Int64(Double(byteCount) / elapsed) : 0
        var text = "\(humanReadable(byteCount)), \(humanReadable(rate))/s"
        if let first = transfers.first {
            if let total = first.totalByteCount, total > 0 {
                text += ", \(min(100, first.byteCount * 100 / total)) %"
            }
            text += ": \(first.direction.rawValue) \(first.subject)"
        }
        return transfers.count > 1 ? text + " and \(transfers.count - 1) more" : text
    }

    private func write(_ text: String) {
        // Progress that cannot be shown is dropped.
        _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
    }
}

/// A number of bytes with three digits and a binary unit: `12.3 MiB`.
public func humanReadable(_ byteCount: Int64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var value = Int128(byteCount) * 10
    var unit = 0
    while value >= 10240 && unit < units.count - 1 {
        value = (value + 512) / 1024
        unit += 1
    }
    let isShort = unit == 0 || value >= 1000
    return "\(value / 10)\(isShort ? "" : ".\(value % 10)") \(units[unit])"
}
