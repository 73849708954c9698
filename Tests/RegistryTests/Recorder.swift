import ByteStream

/// Records the values that closures receive, on any thread.
final class Recorder<Element: Sendable>: Sendable {
    private let elements = Guarded<[Element]>([])
    var all: [Element] { elements.withLock { $0 } }
    func add(_ element: Element) { elements.withLock { $0.append(element) } }
}
