import FilterTools
import ToolSupport

SnapshotTool.runAndExit()
