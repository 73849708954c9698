import FilterTools
import ToolSupport

ConvertTool.runAndExit()
