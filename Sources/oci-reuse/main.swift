import FilterTools
import ToolSupport

ReuseTool.runAndExit()
